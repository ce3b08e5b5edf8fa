"""Columns over payloads, so that a filter is a few array operations and no walk over payloads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from retrieval.filters import Scalar, TypedValue, typed_value

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import JsonValue

__all__ = ["Column", "ColumnBuilder", "merged_column", "walk"]

_EXACT_IN_FLOAT = 2**53
_LONGEST_TEXT = 256
_NO_SCALAR = -1


class Column:
    """One field of some rows. It names the rows that have the field, so a rare field takes little room.

    Args:
        rows: ``[m]`` the rows that have the field, ascending.
        codes: ``[m]`` place of each row's value among ``values``; -1 for null and lists.
        item_rows: ``[i]`` the row of each list item, ascending.
        item_codes: ``[i]`` place of the item among ``values``.
        encoded: JSON list of the distinct values; empty where the texts are too long to be kept twice.
    """

    def __init__(
        self,
        rows: NDArray[np.int32],
        codes: NDArray[np.int32],
        item_rows: NDArray[np.int32],
        item_codes: NDArray[np.int32],
        encoded: NDArray[np.uint8],
    ) -> None:
        self.rows, self.codes, self.item_rows, self.item_codes = rows, codes, item_rows, item_codes
        self.encoded = encoded

    @property
    def is_kept(self) -> bool:
        """Whether the values are here; else the payloads must be asked."""
        return self.encoded.size > 0

    @cached_property
    def values(self) -> list[Scalar]:
        """The distinct values."""
        held: list[Scalar] = json.loads(self.encoded.tobytes())
        return held

    def equal(self, values: Sequence[Scalar], count: int) -> NDArray[np.bool_]:
        """Which rows hold one of the values.

        Args:
            values: The values.
            count: Number of rows.

        Returns:
            ``[count]``.
        """
        wanted = self._places(values)
        found = self.codes == wanted[0] if len(wanted) == 1 else np.isin(self.codes, np.asarray(wanted, np.int32))
        return self._mask(found, count)

    def holding(self, value: Scalar, count: int) -> NDArray[np.bool_]:
        """Which rows hold a list with the value.

        Args:
            value: The value.
            count: Number of rows.

        Returns:
            ``[count]``.
        """
        mask = np.zeros(count, np.bool_)
        for place in self._places((value,)):
            mask[self.item_rows[self.item_codes == place]] = True
        return mask

    def within(self, lowest: float | None, highest: float | None, count: int) -> NDArray[np.bool_]:
        """Which rows hold a number of the range, both ends included.

        Args:
            lowest: ``None`` for no lower end.
            highest: ``None`` for no upper end.
            count: Number of rows.

        Returns:
            ``[count]``.
        """
        floats, large = self._numbers
        fits = ~np.isnan(floats)
        if lowest is not None:
            fits &= floats >= _float_inside(lowest, upwards=True)
        if highest is not None:
            fits &= floats <= _float_inside(highest, upwards=False)
        for place, value in large.items():
            fits[place] = (lowest is None or value >= lowest) and (highest is None or value <= highest)
        # the last place stands for -1, no scalar
        return self._mask(np.append(fits, False)[self.codes], count)

    def _mask(self, found: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
        if len(self.rows) == count:
            # every row has the field, so the places are the rows
            return found
        mask = np.zeros(count, np.bool_)
        mask[self.rows[found]] = True
        return mask

    @cached_property
    def _known(self) -> dict[TypedValue, int]:
        return {typed: place for place, value in enumerate(self.values) if (typed := typed_value(value)) is not None}

    @cached_property
    def _numbers(self) -> tuple[NDArray[np.float64], dict[int, int]]:
        """Distinct values as floats (NaN for others), and the integers that a float cannot hold."""
        floats = np.full(len(self.values), np.nan)
        large: dict[int, int] = {}
        for place, value in enumerate(self.values):
            if isinstance(value, bool | str):
                continue
            if isinstance(value, int) and abs(value) > _EXACT_IN_FLOAT:
                large[place] = value
            else:
                floats[place] = value
        return floats, large

    def _places(self, values: Sequence[Scalar]) -> list[int]:
        return [self._known[typed] for value in values if (typed := typed_value(value)) in self._known]


class ColumnBuilder:
    """Takes the values of one field row by row."""

    def __init__(self) -> None:
        self._rows: list[int] = []
        self._codes: list[int] = []
        self._item_rows: list[int] = []
        self._item_codes: list[int] = []
        self._known: dict[TypedValue, int] = {}
        self._values: list[Scalar] | None = []

    def add(self, row: int, held: JsonValue, *, short: bool = True) -> None:
        """Take the value of the next row that has the field.

        Args:
            row: The row.
            held: Its value.
            short: Keep no values once a long text has come.
        """
        self._rows.append(row)
        if short and self._is_long(held):
            self._values = None
        self._codes.append(self._place(held))
        if isinstance(held, list) and self._values is not None:
            places = sorted({place for item in held if (place := self._place(item)) != _NO_SCALAR})
            self._item_rows += [row] * len(places)
            self._item_codes += places

    def column(self) -> Column:
        """What has been taken.

        Returns:
            The column.
        """
        encoded = b"" if self._values is None else json.dumps(self._values, ensure_ascii=False).encode()
        kept = self._values is not None
        return Column(
            np.asarray(self._rows, np.int32),
            np.asarray(self._codes, np.int32),
            np.asarray(self._item_rows if kept else [], np.int32),
            np.asarray(self._item_codes if kept else [], np.int32),
            np.frombuffer(encoded, np.uint8),
        )

    def _place(self, held: Any) -> int:
        typed = typed_value(held)
        if typed is None or self._values is None:
            return _NO_SCALAR
        place = self._known.setdefault(typed, len(self._values))
        if place == len(self._values):
            self._values.append(held)
        return place

    @staticmethod
    def _is_long(held: JsonValue) -> bool:
        if isinstance(held, str):
            return len(held) > _LONGEST_TEXT
        return isinstance(held, list) and any(isinstance(item, str) and len(item) > _LONGEST_TEXT for item in held)


def merged_column(parts: Sequence[tuple[Column, NDArray[np.bool_], int]]) -> Column:
    """One column of several groups of rows that come to stand one after another.

    Args:
        parts: Column, ``[rows]`` true for the rows that stay, and the place of the group's first row afterwards.

    Returns:
        The column.
    """
    kept = all(column.is_kept for column, _, _ in parts)
    known: dict[TypedValue, int] = {}
    values: list[Scalar] = []
    rows, codes, item_rows, item_codes = [], [], [], []
    for column, stays, first in parts:
        after = np.cumsum(stays, dtype=np.int32) - 1 + np.int32(first)
        chosen, items = stays[column.rows], stays[column.item_rows]
        old, old_items = column.codes[chosen], column.item_codes[items]
        rows.append(after[column.rows[chosen]])
        places = np.full(len(column.values) + 1 if kept else 1, _NO_SCALAR, np.int32)
        if kept:
            for place in np.unique(np.concatenate([old[old >= 0], old_items])).tolist():
                value = column.values[place]
                places[place] = known.setdefault(typed_value(value), len(values))  # type: ignore[arg-type]  # scalars
                if places[place] == len(values):
                    values.append(value)
            item_rows.append(after[column.item_rows[items]])
            item_codes.append(places[old_items])
            codes.append(places[old])
        else:
            codes.append(np.full(len(old), _NO_SCALAR, np.int32))
    encoded = json.dumps(values, ensure_ascii=False).encode() if kept else b""
    none = [np.zeros(0, np.int32)]
    return Column(
        np.concatenate(rows + none),
        np.concatenate(codes + none),
        np.concatenate(item_rows + none),
        np.concatenate(item_codes + none),
        np.frombuffer(encoded, np.uint8),
    )


def walk(payload: Mapping[str, JsonValue], head: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Every path that a filter may look at, with its value.

    Args:
        payload: A JSON object.
        head: Path of the object, with a dot at its end.

    Yields:
        Dotted path and value; keys that are empty or hold a dot are left out, as no path leads there.
    """
    for key, value in payload.items():
        if key and "." not in key:
            if isinstance(value, Mapping):
                yield from walk(value, f"{head}{key}.")
            else:
                yield head + key, value


def _float_inside(end: float, *, upwards: bool) -> float:
    """The float nearest to an end from inside the range; an integer may lie between two floats, or beyond all."""
    try:
        rounded = float(end)
    except OverflowError:
        return np.inf if end > 0 else -np.inf
    if upwards:
        return rounded if rounded >= end else float(np.nextafter(rounded, np.inf))
    return rounded if rounded <= end else float(np.nextafter(rounded, -np.inf))
