"""Columns over payloads, so that a filter is a few array operations and no walk over payloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from retrieval.filters import And, Contains, Eq, Filter, In, Not, Or, Range, Scalar, TypedValue, typed_value, value_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Columns"]

_EXACT_IN_FLOAT = 2**53
_MISSING = -1


class _Column:
    """One field over all rows: a code for each distinct value, numbers for ranges, rows by list item."""

    def __init__(self) -> None:
        self.rows = 0
        self.codes: NDArray[np.int32] = np.zeros(0, np.int32)
        self.numbers: NDArray[np.float64] = np.zeros(0)
        self.known: dict[TypedValue, int] = {}
        self.items: dict[TypedValue, list[int]] = {}
        # integers that a float cannot hold are compared one by one
        self.large: dict[int, int] = {}

    def extend(self, payloads: Sequence[bytes], field: str) -> None:
        codes, numbers = [], []
        for row, encoded in enumerate(payloads[self.rows :], self.rows):
            held = value_at(json.loads(encoded), field) if encoded else None
            typed = typed_value(held)
            codes.append(_MISSING if typed is None else self.known.setdefault(typed, len(self.known)))
            number = typed is not None and typed[0] == "number"
            if number and isinstance(held, int) and abs(held) > _EXACT_IN_FLOAT:
                self.large[row] = held
                number = False
            numbers.append(float(held) if number else np.nan)  # type: ignore[arg-type]  # typed says it is a number
            if isinstance(held, list):
                for item in {typed_value(one) for one in held} - {None}:
                    self.items.setdefault(item, []).append(row)  # type: ignore[arg-type]  # None was taken out
        self.codes = np.concatenate([self.codes, np.asarray(codes, np.int32)])
        self.numbers = np.concatenate([self.numbers, np.asarray(numbers, np.float64)])
        self.rows = len(self.codes)

    def equal(self, values: Sequence[Scalar]) -> NDArray[np.bool_]:
        wanted = [self.known[typed] for value in values if (typed := typed_value(value)) in self.known]
        mask: NDArray[np.bool_] = np.isin(self.codes, np.asarray(wanted, np.int32))
        return mask

    def within(self, lowest: float | None, highest: float | None) -> NDArray[np.bool_]:
        mask = ~np.isnan(self.numbers)
        if lowest is not None:
            mask &= self.numbers >= lowest
        if highest is not None:
            mask &= self.numbers <= highest
        for row, value in self.large.items():
            mask[row] = (lowest is None or value >= lowest) and (highest is None or value <= highest)
        return mask

    def holding(self, value: Scalar) -> NDArray[np.bool_]:
        mask = np.zeros(self.rows, np.bool_)
        typed = typed_value(value)
        if typed is not None:
            mask[self.items.get(typed, [])] = True
        return mask


class Columns:
    """Columns of the fields that filters have asked for; each is made at its first use and grows with the rows.

    Args:
        payloads: Payload of each row as JSON, empty for a row without one; the caller only appends to it.
    """

    def __init__(self, payloads: Sequence[bytes]) -> None:
        self._payloads = payloads
        self._columns: dict[str, _Column] = {}

    def mask(self, where: Filter) -> NDArray[np.bool_]:
        """Which rows meet a filter; the same answer as ``matches``, row by row.

        Args:
            where: The filter.

        Returns:
            ``[rows]``.
        """
        match where:
            case And(parts):
                whole = np.ones(len(self._payloads), np.bool_)
                for part in parts:
                    whole &= self.mask(part)
                return whole
            case Or(parts):
                whole = np.zeros(len(self._payloads), np.bool_)
                for part in parts:
                    whole |= self.mask(part)
                return whole
            case Not(part):
                return ~self.mask(part)
            case Eq(field, value):
                return self._column(field).equal((value,))
            case In(field, values):
                return self._column(field).equal(values)
            case Range(field, lowest, highest):
                return self._column(field).within(lowest, highest)
            case Contains(field, value):
                return self._column(field).holding(value)

    def _column(self, field: str) -> _Column:
        column = self._columns.setdefault(field, _Column())
        if column.rows < len(self._payloads):
            column.extend(self._payloads, field)
        return column
