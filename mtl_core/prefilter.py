"""Which texts an expression can match at all, by the strings that every match of it holds."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from ahocorasick_rs import AhoCorasick
from pydantic import BaseModel, ConfigDict, model_validator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Numbers = NDArray[np.intp]

__all__ = ["ALL", "ANY", "DIGIT", "Prefilter", "fold"]

ALL, ANY = 1, 0

DIGIT = "\n0"
"""Atom of every text that holds a digit; texts have no line breaks."""

_DIGIT = re.compile(r"\d")
_DOTS = str.maketrans("\u0130\u0131", "ii")


class Prefilter(BaseModel):
    """Conditions on texts, written as a graph so that what many expressions share is looked at once.

    The atoms and nodes are those of RE2's ``Prefilter`` (Cox, Regular expression matching with a trigram index, 2012).

    Args:
        atoms: Case-folded strings; the condition with the number of an atom is that a text holds it.
        nodes: A condition on other conditions, its members: ``ALL`` or ``ANY`` of them, then their numbers. The nodes
            are numbered after the atoms, each after its members.
        needs: For each expression the number of the condition that its matches meet; ``None`` where there is none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    atoms: tuple[str, ...] = ()
    nodes: tuple[tuple[int, ...], ...] = ()
    needs: tuple[int | None, ...] = ()

    @model_validator(mode="after")
    def _numbers(self) -> Prefilter:
        for number, node in enumerate(self.nodes, start=len(self.atoms)):
            if len(node) < 2 or node[0] not in {ALL, ANY} or not all(0 <= member < number for member in node[1:]):
                raise ValueError(f"the condition {number} has no members, or some that do not come before it")
        if not all(need is None or 0 <= need < len(self.atoms) + len(self.nodes) for need in self.needs):
            raise ValueError("an expression needs a condition that is not there")
        if not all(self.atoms):
            raise ValueError("an atom is empty")
        return self

    def met(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which texts meet the needs.

        Args:
            texts: Without line breaks.

        Returns:
            ``[expressions, texts]``; true everywhere where an expression needs nothing.
        """
        found = np.zeros((len(self.atoms) + len(self.nodes) + 1, -(-len(texts) // 8)), np.uint8)
        found[-1] = 255
        found[: len(self.atoms)] = np.packbits(self._held(texts), axis=1)
        for rule, numbers, members, starts in self._levels:
            join = np.bitwise_and if rule == ALL else np.bitwise_or
            found[numbers] = join.reduceat(found[members], starts, axis=0)
        return np.unpackbits(found[self._rows], axis=1, count=len(texts)).astype(np.bool_)

    @cached_property
    def _rows(self) -> _Numbers:
        return np.asarray([-1 if need is None else need for need in self.needs], np.intp)

    @cached_property
    def _levels(self) -> list[tuple[int, _Numbers, _Numbers, _Numbers]]:
        """Nodes of which none is a member of another: their numbers, all members, and where those of each begin."""
        first, depths = len(self.atoms), [0] * len(self.atoms)
        levels: dict[tuple[int, int], list[int]] = defaultdict(list)
        for rule, *members in self.nodes:
            depths.append(1 + max(depths[member] for member in members))
            levels[depths[-1], rule].append(len(depths) - 1)
        found = []
        for (_, rule), numbers in sorted(levels.items()):
            lists = [self.nodes[number - first][1:] for number in numbers]
            starts = [0, *accumulate(map(len, lists))][:-1]
            together = [member for one in lists for member in one]
            found.append((rule, np.asarray(numbers), np.asarray(together), np.asarray(starts)))
        return found

    @cached_property
    def _automaton(self) -> AhoCorasick:
        return AhoCorasick(self.atoms)

    def _held(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """``[atoms, texts]`` whether a text holds an atom."""
        found = np.zeros((len(self.atoms), len(texts)), np.bool_)
        places: dict[str, list[int]] = defaultdict(list)
        for at, text in enumerate(texts):
            places[text].append(at)
        for text, same in places.items():
            held = fold(text) + DIGIT * bool(_DIGIT.search(text))
            atoms = [atom for atom, _, _ in self._automaton.find_matches_as_indexes(held, overlapping=True)]
            for at in same:
                found[atoms, at] = True
        return found


def fold(text: str) -> str:
    """A text without case, so that what the standard library's ``re`` takes for the same letter is the same.

    Args:
        text: The text.

    Returns:
        The text, maybe longer.
    """
    # the capital I with a dot and the small one without match a plain i
    return text.translate(_DOTS).casefold()
