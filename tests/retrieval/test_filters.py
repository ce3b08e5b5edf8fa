from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.filters import And, Contains, Eq, Filter, In, Not, Or, Range, fields_of, matches

VALUES = st.sampled_from(["a", "b", 0, 1, 2.5, True, False])
FIELDS = st.sampled_from(["metadata.x", "metadata.y", "metadata.deep.z"])
HELD = VALUES | st.none() | st.lists(VALUES, max_size=3)
PAYLOADS = st.fixed_dictionaries({}, optional={"x": HELD, "y": HELD, "deep": st.fixed_dictionaries({"z": HELD})}).map(
    lambda metadata: {"fields": {}, "metadata": metadata}
)
LEAVES = (
    st.builds(Eq, FIELDS, VALUES)
    | st.builds(In, FIELDS, st.lists(VALUES, min_size=1, max_size=3).map(tuple))
    | st.builds(Range, FIELDS, st.integers(-1, 3), st.none() | st.integers(-1, 3))
    | st.builds(Contains, FIELDS, VALUES)
)
FILTERS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=5,
)


@given(FILTERS, FILTERS, PAYLOADS)
def test_the_laws_of_boolean_algebra_hold(a: Filter, b: Filter, payload: Any) -> None:
    assert matches(Not(Not(a)), payload) == matches(a, payload)
    assert matches(And((a, b)), payload) == (matches(a, payload) and matches(b, payload))
    assert matches(Not(And((a, b))), payload) == matches(Or((Not(a), Not(b))), payload)
    assert not matches(And((a, Not(a))), payload)


@given(FIELDS, st.lists(VALUES, min_size=1, max_size=3), PAYLOADS)
def test_in_is_any_of_equal(field: str, values: list[Any], payload: Any) -> None:
    assert matches(In(field, tuple(values)), payload) == any(matches(Eq(field, one), payload) for one in values)


@given(LEAVES)
def test_a_leaf_on_a_missing_field_is_false(leaf: Any) -> None:
    assert not matches(leaf, {"fields": {}, "metadata": {}})
    assert matches(Not(leaf), {"fields": {}, "metadata": {}})


@given(FILTERS)
def test_fields_of_a_filter_are_those_of_its_leaves(where: Filter) -> None:
    found = fields_of(where)
    assert found <= {"metadata.x", "metadata.y", "metadata.deep.z"}
    assert fields_of(Not(where)) == found
    assert fields_of(And((where, Eq("metadata.w", 1)))) == found | {"metadata.w"}
    assert fields_of(None) == frozenset()


@pytest.mark.parametrize(
    ("where", "held", "met"),
    [
        (Eq("metadata.x", 1), True, False),
        (Eq("metadata.x", True), 1, False),
        (Eq("metadata.x", 1), 1.0, True),
        (Eq("metadata.x", "1"), 1, False),
        (Range("metadata.x", 1, 3), 3, True),
        (Range("metadata.x", 1, 3), True, False),
        (Range("metadata.x", None, 3), -5, True),
        (Contains("metadata.x", "a"), ["a"], True),
        (Contains("metadata.x", "a"), "a", False),
        (Contains("metadata.x", 1), [True], False),
        (Eq("metadata.x.y", "a"), "a", False),
    ],
)
def test_kinds_are_kept_apart(where: Filter, held: Any, met: bool) -> None:
    assert matches(where, {"fields": {}, "metadata": {"x": held}}) is met


@pytest.mark.parametrize(
    "make",
    [
        lambda: Eq("", 1),
        lambda: Eq("metadata.x", float("nan")),
        lambda: Eq("metadata.x", None),  # type: ignore[arg-type]
        lambda: Range("metadata.x"),
        lambda: Range("metadata.x", float("inf")),
        lambda: And(("metadata.x",)),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_condition_is_refused(make: Any) -> None:
    with pytest.raises(InputError):
        make()
