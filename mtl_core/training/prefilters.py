"""Conditions that every match of a regular expression meets, so that most searches can be spared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from mtl_core.prefilter import ALL, ANY, DIGIT, Prefilter, fold

__all__ = ["build_prefilter"]

_MOST = 4
"""Strings that are told apart; beyond it a text is asked for parts of them."""

_REPEATS = {code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT}

_Parsed = Iterable[tuple[Any, Any]]


class _Condition(NamedTuple):
    """All or any of some conditions; a string stands for the condition that a text holds it."""

    every: bool
    members: tuple[_Condition | str, ...]


_Needed = _Condition | str | None
"""``None`` where nothing is known."""


class _Known(NamedTuple):
    """What is known of the matches of a part of an expression.

    Args:
        words: All of them, without case; ``None`` where there are many.
        needed: Else what a text with a match meets.
    """

    words: frozenset[str] | None
    needed: _Needed

    def condition(self) -> _Needed:
        """What a text with a match meets."""
        return self.needed if self.words is None else _one_of(self.words)


def build_prefilter(expressions: Sequence[str | None]) -> Prefilter:
    """Conditions of expressions that are searched without case.

    Cox, Regular expression matching with a trigram index, 2012, with whole strings in place of trigrams. Reads the
    expressions with the parser of the standard library.

    Args:
        expressions: The expressions; ``None`` for one that is not there.

    Returns:
        The prefilter, with a need for each expression.
    """
    conditions = [
        None if one is None else _sequence(parser.parse(one, re.IGNORECASE)).condition() for one in expressions
    ]
    ordered: dict[_Condition | str, None] = {}
    for condition in conditions:
        _collect(condition, ordered)
    atoms = sorted(one for one in ordered if isinstance(one, str))
    inner = [one for one in ordered if not isinstance(one, str)]
    numbers: dict[_Needed, int] = {one: number for number, one in enumerate(atoms)}
    numbers |= {one: number for number, one in enumerate(inner, start=len(atoms))}
    nodes = tuple((ALL if one.every else ANY, *(numbers[member] for member in one.members)) for one in inner)
    return Prefilter(atoms=tuple(atoms), nodes=nodes, needs=tuple(numbers.get(condition) for condition in conditions))


def _collect(condition: _Needed, ordered: dict[_Condition | str, None]) -> None:
    """Put a condition behind its members."""
    if condition is None or condition in ordered:
        return
    if isinstance(condition, _Condition):
        for member in condition.members:
            _collect(member, ordered)
    ordered[condition] = None


def _sequence(parsed: _Parsed) -> _Known:
    """What is known of matches of parts that follow each other."""
    words, needed = frozenset({""}), []
    whole = True
    for operator, argument in parsed:
        found, condition = _part(operator, argument)
        if found is not None and len(words) * len(found) <= _MOST:
            words = frozenset(first + then for first in words for then in found)
            continue
        needed += [_one_of(words), condition]
        words, whole = found or frozenset({""}), False
    return _Known(words, None) if whole else _Known(None, _all([*needed, _one_of(words)]))


def _part(operator: Any, argument: Any) -> _Known:
    if operator is code.LITERAL:
        return _Known(frozenset({fold(chr(argument))}), None)
    if operator is code.AT:  # an anchor has no length: the letters beside it follow each other
        return _Known(frozenset({""}), None)
    if operator is code.IN:
        return _class(argument)
    if operator is code.SUBPATTERN or operator is code.ATOMIC_GROUP:
        return _sequence(argument[-1] if operator is code.SUBPATTERN else argument)
    if operator is code.ASSERT:
        return _Known(None, _sequence(argument[1]).condition())
    if operator is code.BRANCH:
        return _branches([_sequence(branch) for branch in argument[1]])
    return _repeated(*argument) if operator in _REPEATS else _Known(None, None)


def _branches(branches: Sequence[_Known]) -> _Known:
    words = [one.words for one in branches if one.words is not None]
    together = frozenset().union(*words)
    if len(words) == len(branches) and len(together) <= _MOST:
        return _Known(together, None)
    return _Known(None, _any([one.condition() for one in branches]))


def _repeated(least: int, most: int, parsed: _Parsed) -> _Known:
    inner = _sequence(parsed)
    if (least, most) == (0, 1) and inner.words is not None:
        return _Known(inner.words | {""}, None)
    return _Known(None, inner.condition() if least else None)


def _class(members: _Parsed) -> _Known:
    """A class of characters."""
    found: set[str] = set()
    for operator, argument in members:
        if operator is code.LITERAL:
            found.add(fold(chr(argument)))
        elif operator is code.RANGE and argument[1] - argument[0] < _MOST:
            found |= {fold(chr(one)) for one in range(argument[0], argument[1] + 1)}
        elif (operator, argument) == (code.CATEGORY, code.CATEGORY_DIGIT):
            found.add(DIGIT)
        else:
            return _Known(None, None)
    # only a whole text can have the mark of a digit
    return _Known(None, _one_of(found)) if DIGIT in found else _Known(frozenset(found), None)


def _one_of(words: Iterable[str]) -> _Needed:
    """That a text holds one of some strings, unless nearly every text holds one."""
    found = sorted(words)
    return (
        _any(found) if all(len(one) > 1 or (one and not one.isalpha() and not one.isspace()) for one in found) else None
    )


def _all(conditions: Iterable[_Needed]) -> _Needed:
    found: dict[_Condition | str, None] = {}
    for one in conditions:
        members = one.members if isinstance(one, _Condition) and one.every else (one,)
        found.update({member: None for member in members if member is not None})
    strings = [one for one in found if isinstance(one, str)]
    # a string inside another says no more than that one
    kept = [one for one in found if not (isinstance(one, str) and any(one != two and one in two for two in strings))]
    return _joined(kept, every=True)


def _any(conditions: Iterable[_Needed]) -> _Needed:
    found: dict[_Condition | str, None] = {}
    for one in conditions:
        if one is None:
            return None
        found.update(dict.fromkeys(one.members if isinstance(one, _Condition) and not one.every else (one,)))
    strings = [one for one in found if isinstance(one, str)]

    def implied(condition: _Condition | str) -> bool:
        needed = condition.members if isinstance(condition, _Condition) else (condition,)
        return any(two != one and two in one for one in needed if isinstance(one, str) for two in strings)

    return _joined([one for one in found if not implied(one)], every=False)


def _joined(conditions: list[_Condition | str], *, every: bool) -> _Needed:
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return _Condition(every, tuple(conditions))
