"""Strings of which every match of a regular expression holds one, so that most searches can be spared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["required_literals"]

_SHORTEST = 2
_MOST = 400


def required_literals(pattern: str, *, hits: Callable[[frozenset[str]], int]) -> tuple[str, ...]:
    """Strings of which every match of an expression holds one.

    Cox, Regular expression matching with a trigram index, 2012, with whole strings in place of trigrams. Reads the
    expression with the parser of the standard library.

    Args:
        pattern: The expression.
        hits: How many texts hold one of some strings; the set that fewest hold is chosen.

    Returns:
        The strings, case-folded and sorted; empty where the expression needs none of two letters or more.
    """
    sets = [frozenset(found) for found in _needed(parser.parse(pattern, re.IGNORECASE)) if _useful(found)]
    best = min(sets, key=lambda found: (hits(found), -min(map(len, found)), sorted(found)), default=frozenset())
    return tuple(sorted(best))


def _useful(found: Iterable[str]) -> bool:
    literals = list(found)
    return 0 < len(literals) <= _MOST and all(len(literal) >= _SHORTEST for literal in literals)


def _needed(parsed: Iterable[tuple[Any, Any]]) -> Iterator[frozenset[str]]:
    """Sets of strings, from each of which every match holds one."""
    run = ""
    for operator, argument in parsed:
        if operator is code.LITERAL:
            run += chr(argument)
            continue
        yield from _whole(run)
        run = ""
        if operator is code.SUBPATTERN:
            yield from _needed(argument[-1])
        elif operator is code.ATOMIC_GROUP:
            yield from _needed(argument)
        elif operator in {code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT} and argument[0] > 0:
            yield from _needed(argument[2])
        elif operator is code.BRANCH:
            yield from _of_branches(argument[1])
    yield from _whole(run)


def _whole(run: str) -> Iterator[frozenset[str]]:
    if run:
        yield frozenset({run.casefold()})


def _of_branches(branches: Iterable[Iterable[tuple[Any, Any]]]) -> Iterator[frozenset[str]]:
    """The union of what each branch needs, if each needs something."""
    longest = []
    for branch in branches:
        sets = list(_needed(branch))
        if not sets:
            return
        # of a branch, the strings whose shortest is longest
        longest.append(max(sets, key=lambda found: (min(map(len, found)), -len(found))))
    yield frozenset().union(*longest)
