"""Vectors as bytes: whole numbers in range, near enough to the vectors, and the same one by one as together."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.stores.faiss_codes import as_codes
from retrieval.stores.faiss_index import IndexRule, build_graph, read_graph


def unit(count: int, dimension: int, *, seed: int, tail: float = 1.0) -> np.ndarray:
    """Vectors of length 1; a large ``tail`` puts nearly all of it into a few numbers."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension))
    drawn = np.sign(drawn) * np.abs(drawn) ** tail
    return np.ascontiguousarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


@given(
    dimension=st.integers(1, 96), count=st.integers(1, 20), seed=st.integers(0, 999), tail=st.sampled_from([1.0, 6.0])
)
def test_codes_are_whole_numbers_that_fit_a_byte(dimension: int, count: int, seed: int, tail: float) -> None:
    vectors = unit(count, dimension, seed=seed, tail=tail)
    before = vectors.copy()
    codes = as_codes(vectors)
    assert codes.dtype == np.float32
    assert codes.shape == vectors.shape
    assert np.array_equal(codes, np.rint(codes))
    assert np.abs(codes).max() <= 127
    assert np.array_equal(vectors, before)


@pytest.mark.parametrize("tail", [1.0, 4.0])
def test_cosines_of_codes_are_those_of_the_vectors(tail: float) -> None:
    vectors = unit(400, 384, seed=3, tail=tail)
    codes = as_codes(vectors)
    codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    assert np.abs(codes @ codes.T - vectors @ vectors.T).max() < 0.01


def test_one_vector_is_rotated_as_many_are() -> None:
    vectors = unit(50, 384, seed=5)
    apart = np.concatenate([as_codes(vectors[row : row + 1]) for row in range(50)])
    # sums in another order may round to the next whole number
    assert np.abs(apart - as_codes(vectors)).max() <= 1
    assert (apart != as_codes(vectors)).mean() < 0.001


def test_a_graph_over_other_numbers_is_left_to_be_built_again(tmp_path: Path) -> None:
    vectors = unit(300, 16, seed=1)
    graph = build_graph("hnsw", [vectors], rule=IndexRule())
    graph.save(tmp_path / "ours")
    assert read_graph("hnsw", tmp_path / "ours", 300) is not None
    other = faiss.IndexHNSWSQ(16, faiss.ScalarQuantizer.QT_8bit, 32, faiss.METRIC_INNER_PRODUCT)
    other.train(vectors)
    other.add(vectors)
    faiss.write_index(other, str(tmp_path / "other"))
    assert read_graph("hnsw", tmp_path / "other", 300) is None
