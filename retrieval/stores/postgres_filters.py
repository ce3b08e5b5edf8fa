"""Filters as conditions on a jsonb column: values travel as parameters, never inside the statement."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from psycopg import sql

from retrieval.filters import And, Contains, Eq, Filter, In, Leaf, Not, Or, Range, Scalar
from retrieval.stores.postgres_json import is_storable, json_text

if TYPE_CHECKING:
    from psycopg.sql import Composable

__all__ = ["Condition", "condition", "holds_field"]

Condition = tuple["Composable", list[str]]
"""A boolean expression that is never null, and its parameters in order."""

_FALSE = sql.SQL("false")
_TRUE = sql.SQL("true")


def condition(where: Filter | None) -> Condition:
    """Compile a filter to an expression over the column ``payload``.

    Equality and list membership become containment (``@>``), which an index on the payload serves.

    Args:
        where: The filter, ``None`` for everything.

    Returns:
        The expression, true exactly where ``matches`` is, and its parameters.
    """
    match where:
        case None:
            return _TRUE, []
        case And(parts):
            return _joined([condition(part) for part in parts], " and ", empty=_TRUE)
        case Or(parts):
            return _joined([condition(part) for part in parts], " or ", empty=_FALSE)
        case Not(part):
            inner, parameters = condition(part)
            return sql.SQL("(not {})").format(inner), parameters
        case leaf:
            return _leaf(leaf)


def holds_field(field: str) -> Condition:
    """Compile the question whether a row has a value that is no object at a path.

    Args:
        field: Dotted path.

    Returns:
        The expression and its parameters.
    """
    if not is_storable(field):
        return _FALSE, []
    path, keys = _path(field)
    return sql.SQL("coalesce(jsonb_typeof({}) <> 'object', false)").format(path), keys


def _leaf(leaf: Leaf) -> Condition:
    if not is_storable(leaf.field):
        return _FALSE, []
    match leaf:
        case Eq(field, value):
            return _contains(field, value)
        case In(field, values):
            return _joined([_contains(field, value) for value in values], " or ", empty=_FALSE)
        case Contains(field, value):
            return _contains(field, value, in_list=True)
        case Range(field, lowest, highest):
            return _range(field, lowest, highest)


def _contains(field: str, value: Scalar, *, in_list: bool = False) -> Condition:
    if isinstance(value, str) and not is_storable(value):
        return _FALSE, []
    inner: object = [value] if in_list else value
    document = reduce(lambda held, key: {key: held}, reversed(field.split(".")), inner)
    return sql.SQL("(payload @> %s::jsonb)"), [json_text(document)]


def _range(field: str, lowest: float | None, highest: float | None) -> Condition:
    path, keys = _path(field)
    pieces: list[Composable] = [sql.SQL("jsonb_typeof({}) = 'number'").format(path)]
    parameters = list(keys)
    # jsonb compares numbers by value, and the first piece has made sure that this is a number
    for end, sign in ((lowest, ">="), (highest, "<=")):
        if end is not None:
            pieces.append(sql.SQL("{} " + sign + " %s::jsonb").format(path))
            parameters += [*keys, json_text(end)]
    return sql.SQL("coalesce({}, false)").format(sql.SQL(" and ").join(pieces)), parameters


def _path(field: str) -> tuple[Composable, list[str]]:
    """Steps by key alone: the operator ``#>`` would take a number for a place in a list."""
    keys = field.split(".")
    return sql.SQL("(payload{})").format(sql.SQL("").join([sql.SQL(" -> %s::text")] * len(keys))), keys


def _joined(parts: list[Condition], word: str, *, empty: Composable) -> Condition:
    if not parts:
        return empty, []
    expressions = sql.SQL(word).join([expression for expression, _ in parts])
    return sql.SQL("({})").format(expressions), [value for _, values in parts for value in values]
