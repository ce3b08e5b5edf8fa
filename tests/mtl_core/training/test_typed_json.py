"""Data comes back from JSON and tensors as it went in."""

from __future__ import annotations

import enum
import json
import math
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from mtl_core.errors import InputError
from mtl_core.training.typed_json import pack, unpack

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
]


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        if left.dtype != right.dtype or left.shape != right.shape:
            return False
        return torch.equal(left.reshape(-1).view(torch.uint8), right.reshape(-1).view(torch.uint8))
    if isinstance(left, np.ndarray | np.generic):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    if isinstance(left, dict):
        pairs = zip(left.items(), right.items(), strict=True)
        return len(left) == len(right) and all(same(a, c) and same(b, d) for (a, b), (c, d) in pairs)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return (
            math.copysign(1, left) == math.copysign(1, right)
            if left == right
            else math.isnan(left) and math.isnan(right)
        )
    return bool(left == right)


def there_and_back(value: Any) -> Any:
    text, tensors = pack(value)
    return unpack(text, safetensors.torch.load(safetensors.torch.save(tensors)))


TENSORS = st.builds(
    lambda dtype, shape, seed: torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(seed)).to(dtype),
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.integers(0, 100),
)
ARRAY_TYPES = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(),
    arrays.floating_dtypes(sizes=(16, 32, 64)),
    arrays.complex_number_dtypes(sizes=(64, 128)),
    arrays.unicode_string_dtypes(max_len=4),
    arrays.datetime64_dtypes(),
)
ARRAYS = arrays.arrays(ARRAY_TYPES, arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
KEYS = st.one_of(
    st.text(max_size=5), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.text(max_size=2))
)
LEAVES = st.one_of(
    KEYS,
    st.floats(),
    st.binary(max_size=8),
    st.sampled_from([Path("a/b"), torch.float32, torch.bfloat16, torch.device("cpu"), torch.device("cuda:1")]),
    st.lists(st.integers(0, 9), max_size=3).map(torch.Size),
    st.sets(KEYS, max_size=3),
    st.frozensets(st.integers(), max_size=3),
    TENSORS,
    ARRAYS,
    ARRAYS.filter(lambda array: array.size > 0).map(lambda array: array.reshape(-1)[0]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(st.sampled_from(["$tensor", "$dict", "a"]), inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3).map(OrderedDict),
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_every_value_comes_back_as_it_went_in(value: Any) -> None:
    assert same(value, there_and_back(value))


def _filled(values: list[str]) -> set[str]:
    # a set iterates in the order of insertion where hashes collide
    filled: set[str] = set()
    for value in values:
        filled.add(value)
    return filled


@settings(deadline=None, max_examples=50)
@given(st.sets(st.text(max_size=4), max_size=6))
def test_equal_sets_give_equal_text(values: set[str]) -> None:
    assert pack(_filled(sorted(values)))[0] == pack(_filled(sorted(values, reverse=True)))[0]


def test_shared_views_and_parameters_become_tensors_of_their_own() -> None:
    base = torch.arange(6.0).reshape(2, 3)
    parameter = nn.Parameter(base.clone())
    value = {"whole": base, "turned": base.T, "row": base[1], "again": base, "parameter": parameter}
    back = there_and_back(value)
    assert all(torch.equal(back[name], tensor) for name, tensor in value.items())
    back["whole"].zero_()
    assert back["again"].sum() == 15
    assert not back["parameter"].requires_grad
    text, tensors = pack({"a": base})
    tensors["t0"].zero_()
    assert base.sum() == 15
    assert json.loads(text) == {"a": {"$tensor": "t0"}}


class Colour(enum.IntEnum):
    RED = 1


class Pair(NamedTuple):
    left: int


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Counter("ab"), "Counter"),
        (Colour.RED, "Colour"),
        (Pair(1), "Pair"),
        (object(), "object"),
        (len, "builtin"),
        (1j, "complex"),
        (np.array([object()]), "object"),
        (np.zeros(1, dtype=[("a", "f4")]), "'a'"),
        (torch.zeros(2, dtype=torch.complex64), "complex64"),
        (torch.eye(2).to_sparse(), "sparse"),
    ],
)
def test_what_cannot_be_saved_is_named_with_its_place(value: Any, kind: str) -> None:
    with pytest.raises(InputError, match=kind) as caught:
        pack({"callbacks": {"Stop": [1, (value,)]}})
    assert "['callbacks']['Stop'][1][0]" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"$tensor": "t9"}',
        '{"$unknown": 1}',
        '{"$dtype": "nn"}',
        '{"$dtype": "no_such"}',
        '{"$device": "toaster"}',
        '{"$dict": [1]}',
        '{"$set": [[1]]}',
        '{"$bytes": 5}',
        '{"$scalar": "", "dtype": "<f4"}',
        '{"$ndarray": "t0", "dtype": "<f4", "shape": [9]}',
    ],
)
def test_text_of_another_form_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpack(text, {"t0": torch.zeros(4, dtype=torch.uint8)})
