"""Maps of embeddings and outliers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mtl_core.errors import InputError
from mtl_core.evaluation import Outlier, embedding_map, find_outliers, outlier_map, project
from mtl_core.evaluation.plots import COLOURS

REST = "#A9B4C2"
Shows = Callable[[bytes, str], bool]


def clusters(size: int = 20, *, kinds: int = 3, seed: int = 0) -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(seed)
    centres = random.normal(0, 10, (kinds, 8))
    rows = np.repeat(np.arange(kinds), size)
    return centres[rows] + random.normal(0, 1, (kinds * size, 8)), [f"kind {row}" for row in rows]


def test_neighbours_in_space_are_neighbours_on_the_map() -> None:
    vectors, labels = clusters()
    places = project(vectors, seed=0)
    assert places.shape == (60, 2)
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1) + 1e9 * np.eye(len(places))
    assert [labels[row] for row in distances.argmin(axis=1)] == labels


@pytest.mark.parametrize("size", [1, 2, 3, 4, 9])
def test_any_number_of_texts_has_a_map(size: int) -> None:
    places = project(np.random.default_rng(0).normal(size=(size, 4)), seed=0)
    assert places.shape == (size, 2)
    assert np.isfinite(places).all()


@pytest.mark.parametrize("vectors", [np.ones((6, 4)), np.eye(6)[:, :1], np.arange(6.0)[:, None]])
def test_vectors_without_variety_have_a_map(vectors: np.ndarray) -> None:
    assert np.isfinite(project(vectors, seed=0)).all()


def test_a_seed_gives_the_same_map() -> None:
    vectors, _ = clusters(seed=2)
    vectors = np.random.default_rng(0).permutation(vectors)[:8]
    assert np.array_equal(project(vectors, seed=1), project(vectors, seed=1))
    assert [one.row for one in find_outliers(vectors, seed=1, share=1)] == [
        one.row for one in find_outliers(vectors, seed=1, share=1)
    ]


def test_the_map_is_coloured_by_label_and_the_rest_is_grey(shows: Shows) -> None:
    vectors, labels = clusters(4, kinds=9)
    many = embedding_map(vectors, labels, seed=0)
    few = embedding_map(vectors[:8], labels[:8], seed=0)
    assert shows(many, REST)
    assert not shows(few, REST)
    assert embedding_map(vectors[:8], labels[:8], seed=0) == few


def test_of_many_texts_a_sample_is_drawn() -> None:
    vectors, labels = clusters(6)
    sampled = embedding_map(vectors, labels, seed=0, most=9)
    assert sampled == embedding_map(vectors, labels, seed=0, most=9)
    assert sampled != embedding_map(vectors, labels, seed=1, most=9)


def test_the_text_far_from_all_others_is_the_first_outlier() -> None:
    vectors = np.random.default_rng(0).normal(0, 1, (100, 6))
    vectors[37] += 20
    outliers = find_outliers(vectors, seed=0, share=0.05)
    assert len(outliers) == 5
    assert outliers[0].row == 37
    assert outliers[0].score > 0.5
    assert [one.score for one in outliers] == sorted((one.score for one in outliers), reverse=True)
    assert outliers == find_outliers(vectors, seed=0, share=0.05)
    assert len(find_outliers(vectors[:3], seed=0)) == 1


def test_outliers_are_marked_and_quoted(shows: Shows) -> None:
    vectors, labels = clusters(6)
    outliers = find_outliers(vectors, seed=0, share=0.2)
    plain = outlier_map(vectors, outliers, seed=0)
    assert shows(plain, COLOURS[4])
    assert not shows(outlier_map(vectors, [], seed=0), COLOURS[4])
    assert outlier_map(vectors, outliers, seed=0, texts=labels) != plain
    assert outlier_map(vectors, outliers, seed=0, most=6) != plain


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match=r"shape is \[0, 4\]"):
        project(np.empty((0, 4)), seed=0)
    with pytest.raises(InputError, match="not finite"):
        find_outliers([[np.nan]], seed=0)
    with pytest.raises(InputError, match="1 labels stand beside 2 embeddings"):
        embedding_map(np.eye(2), ["a"], seed=0)
    with pytest.raises(InputError, match="above 0 and at most 1; it is 0"):
        find_outliers(np.eye(2), seed=0, share=0)
    with pytest.raises(InputError, match="same rows"):
        outlier_map(np.eye(2), [Outlier(row=2, score=0.7)], seed=0)
