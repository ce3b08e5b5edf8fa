"""How far two readings of the same texts agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt
from sklearn.metrics import cohen_kappa_score

from mtl_core.errors import InputError

__all__ = ["Agreement", "agreement", "label_agreement"]


class Agreement(BaseModel):
    """Agreement of two readings.

    Args:
        count: Number of texts that both read.
        percent: Share of them on which both say the same, 0 to 100; ``None`` where there is none.
        kappa: Cohen's kappa, agreement beyond chance, -1 to 1; ``None`` where both gave one and the
            same label throughout, since chance then explains everything.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    count: NonNegativeInt
    percent: float | None = None
    kappa: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data that JSON can hold."""
        return self.model_dump(mode="json")


def agreement(first: Sequence[str | None], second: Sequence[str | None]) -> Agreement:
    """Agreement of two readings that give one label a text.

    Cohen, A coefficient of agreement for nominal scales, 1960.

    Args:
        first: ``[n]`` labels of the first reading, ``None`` where it gives none.
        second: ``[n]`` labels of the second.

    Returns:
        The agreement on the texts that both labelled.

    Raises:
        InputError: If the readings differ in length.
    """
    _refuse_lengths(first, second)
    pairs = [(one, other) for one, other in zip(first, second, strict=True) if one is not None and other is not None]
    if not pairs:
        return Agreement(count=0)
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    same = float(np.mean([one == other for one, other in pairs]))
    # both constant and alike: scikit-learn would divide nought by nought
    kappa = None if len({*ones, *others}) == 1 else float(cohen_kappa_score(ones, others))
    return Agreement(count=len(pairs), percent=100 * same, kappa=kappa)


def label_agreement(
    first: Sequence[Sequence[str] | None], second: Sequence[Sequence[str] | None], *, labels: Sequence[str]
) -> dict[str, Agreement]:
    """Agreement on each label: does it hold of the text or not?

    Args:
        first: ``[n]`` one label (a string) or the labels that hold (a tuple), ``None`` where unread.
        second: ``[n]`` the second reading.
        labels: The labels to compare on.

    Returns:
        Agreement by label, in the order of ``labels``.

    Raises:
        InputError: If the readings differ in length.
    """
    _refuse_lengths(first, second)
    return {label: agreement(_holds(first, label), _holds(second, label)) for label in labels}


def _holds(reading: Sequence[Sequence[str] | None], label: str) -> list[str | None]:
    return [None if given is None else str(label in _as_set(given)) for given in reading]


def _as_set(given: Sequence[str]) -> set[str]:
    return {given} if isinstance(given, str) else set(given)


def _refuse_lengths(first: Sequence[object], second: Sequence[object]) -> None:
    if len(first) != len(second):
        raise InputError(f"The readings hold {len(first)} and {len(second)} texts; both must read the same ones.")
