"""Filters as Milvus expressions over hashed terms and sortable numbers."""

from __future__ import annotations

from retrieval.filters import And, Contains, Eq, Filter, In, Leaf, Not, Or, Range
from retrieval.stores.milvus_terms import field_key, list_term, number_term, present_term, sortable, value_term

__all__ = ["ALL", "NONE", "expression", "has_field"]

ALL = 'id != ""'
NONE = 'id == ""'


def expression(where: Filter | None) -> str:
    """Compile a filter.

    Args:
        where: The filter, ``None`` for everything.

    Returns:
        An expression that is true exactly where ``matches`` is. It holds hexadecimal digits and
        names of this program alone, never a text of the filter.
    """
    return ALL if where is None else _compiled(where, negated=False)


def has_field(field: str) -> str:
    """Compile the question whether a row has a value at a path.

    Args:
        field: Dotted path.

    Returns:
        The expression.
    """
    return _has([present_term(field)])


def _compiled(where: Filter, *, negated: bool) -> str:
    """The expression, with negations carried down to the leaves: no version then negates a missing number."""
    match where:
        case Not(part):
            return _compiled(part, negated=not negated)
        case And(parts) | Or(parts):
            every = isinstance(where, And) != negated
            inner = [_compiled(part, negated=negated) for part in parts]
            if not inner:
                return ALL if every else NONE
            return f"({(' and ' if every else ' or ').join(inner)})"
        case Range(field, lowest, highest):
            return _range(field, lowest, highest, negated=negated)
        case leaf:
            terms = _terms_of(leaf)
            if not terms:
                return ALL if negated else NONE
            return f"(not {_has(terms)})" if negated else _has(terms)


def _terms_of(leaf: Leaf) -> list[str]:
    match leaf:
        case Eq(field, value):
            return [value_term(field, value)]
        case In(field, values):
            return [value_term(field, value) for value in values]
        case Contains(field, value):
            return [list_term(field, value)]
        case _:
            raise TypeError(type(leaf).__name__)


def _range(field: str, lowest: float | None, highest: float | None, *, negated: bool) -> str:
    number = f'numbers["{field_key(field)}"]'
    signs = ("<", ">") if negated else (">=", "<=")
    ends = [
        f'{number} {sign} "{sortable(end)}"'
        for end, sign in zip((lowest, highest), signs, strict=True)
        if end is not None
    ]
    present = _has([number_term(field)])
    if negated:
        return f"((not {present}) or ({present} and ({' or '.join(ends)})))"
    return f"({present} and {' and '.join(ends)})"


def _has(terms: list[str]) -> str:
    if len(terms) == 1:
        return f'array_contains(terms, "{terms[0]}")'
    listed = ", ".join(f'"{term}"' for term in terms)
    return f"array_contains_any(terms, [{listed}])"
