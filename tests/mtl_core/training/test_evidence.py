"""Training of the heads."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from mtl_core.rubric import MEASURES
from mtl_core.training.dataset import UNKNOWN, EvidenceDataset
from mtl_core.training.evidence import (
    TrainingOptions,
    fit_scores,
    group_folds,
    held_out_logits,
    plan_logits,
)

OPTIONS = TrainingOptions()
PLANS, ROWS, COLUMNS = 8, 10, 20


def toy(seed: int = 0) -> EvidenceDataset:
    """Plans of ten segments; a segment is evidence for measure k where column k is above zero."""
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(PLANS * ROWS, COLUMNS))
    labels = (inputs[:, : len(MEASURES)] > 0).astype(np.int8)
    groups = tuple("abcd"[number // 2] for number in range(PLANS))
    return EvidenceDataset(
        inputs=csr_matrix(inputs),
        features=COLUMNS - 4,
        labels=labels,
        documents=np.repeat(np.arange(PLANS), ROWS),
        plan_labels=np.ones((PLANS, len(MEASURES)), np.int8),
        plan_pieces=(),
        groups=groups,
        row_groups=tuple(group for group in groups for _ in range(ROWS)),
    )


EVERY = np.ones(PLANS * ROWS, np.bool_)


def test_two_fits_are_equal() -> None:
    first, second = fit_scores(toy(), EVERY, OPTIONS), fit_scores(toy(), EVERY, OPTIONS)
    np.testing.assert_array_equal(first.weights, second.weights)
    np.testing.assert_array_equal(first.offsets, second.offsets)


def test_a_separable_set_is_learned() -> None:
    dataset = toy()
    scores = fit_scores(dataset, EVERY, TrainingOptions(strength=100))
    assert scores.weights.shape == (COLUMNS, len(MEASURES))
    right = (scores(dataset, np.flatnonzero(EVERY)) > 0) == dataset.labels.astype(bool)
    assert right.mean() > 0.98
    fresh = toy(seed=1)
    assert ((scores(fresh, np.flatnonzero(EVERY)) > 0) == fresh.labels.astype(bool)).mean() > 0.85


@pytest.mark.parametrize("seed", range(5))
def test_unknown_labels_have_no_influence(seed: int) -> None:
    dataset, hidden = toy(seed), np.random.default_rng(seed).random(PLANS * ROWS) < 0.4
    labels = dataset.labels.copy()
    labels[hidden] = UNKNOWN
    masked = fit_scores(dataclasses.replace(dataset, labels=labels), EVERY, OPTIONS)
    subset = fit_scores(dataset, ~hidden, OPTIONS)
    np.testing.assert_array_equal(masked.weights, subset.weights)
    np.testing.assert_array_equal(masked.offsets, subset.offsets)
    assert np.abs(masked.weights - fit_scores(dataset, EVERY, OPTIONS).weights).max() > 1e-3


def test_an_unknown_label_of_one_measure_leaves_the_others_alone() -> None:
    dataset = toy()
    labels = dataset.labels.copy()
    labels[:40, 3] = UNKNOWN
    masked, whole = (
        fit_scores(dataclasses.replace(dataset, labels=labels), EVERY, OPTIONS),
        fit_scores(dataset, EVERY, OPTIONS),
    )
    same = [column for column in range(len(MEASURES)) if column != 3]
    np.testing.assert_array_equal(masked.weights[:, same], whole.weights[:, same])
    assert (masked.weights[:, 3] != whole.weights[:, 3]).any()


def test_the_number_of_negatives_is_bounded_and_no_positive_is_lost() -> None:
    dataset, labels = toy(), np.zeros((PLANS * ROWS, len(MEASURES)), np.int8)
    labels[::20] = 1
    dataset = dataclasses.replace(dataset, labels=labels)
    few = fit_scores(dataset, EVERY, dataclasses.replace(OPTIONS, negatives=10))
    all_of_them = fit_scores(dataset, EVERY, OPTIONS)
    assert (few.weights != all_of_them.weights).any()
    kept = np.flatnonzero(labels[:, 0] == 0)[np.linspace(0, 75, 10).astype(int)]
    chosen = EVERY & (labels[:, 0] == 1)
    chosen[kept] = True
    np.testing.assert_array_equal(few.weights, fit_scores(dataset, chosen, OPTIONS).weights)


GROUPS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40)


@given(GROUPS, st.integers(1, 10))
def test_folds_are_disjoint_and_cover_whole_groups(groups: list[str], folds: int) -> None:
    dealt = group_folds(groups, folds)
    assert len(dealt) == min(folds, len(set(groups)))
    assert all(dealt)
    assert sorted(group for fold in dealt for group in fold) == sorted(set(groups))


@given(GROUPS, st.integers(1, 10), st.randoms(use_true_random=False))
def test_folds_are_about_equal_and_know_no_order(groups: list[str], folds: int, random: object) -> None:
    dealt = group_folds(groups, folds)
    sizes = [sum(group in fold for group in groups) for fold in dealt]
    assert max(sizes) - min(sizes) <= max(groups.count(group) for group in groups)
    shuffled = list(groups)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert group_folds(shuffled, folds) == dealt


def test_a_plan_is_judged_by_a_head_that_has_not_seen_its_group() -> None:
    dataset, options = toy(), dataclasses.replace(OPTIONS, folds=4)
    before = held_out_logits(dataset, options)
    assert before.shape == (PLANS, len(MEASURES))
    labels = dataset.labels.copy()
    inside = np.asarray([group == "b" for group in dataset.row_groups])
    labels[inside] = 1 - labels[inside]
    after = held_out_logits(dataclasses.replace(dataset, labels=labels), options)
    own = [number for number, group in enumerate(dataset.groups) if group == "b"]
    others = [number for number, group in enumerate(dataset.groups) if group != "b"]
    np.testing.assert_array_equal(after[own], before[own])
    assert (after[others] != before[others]).all(axis=1).all()


def test_a_document_logit_is_the_smooth_maximum_of_its_three_best_scores() -> None:
    dataset = toy()
    scores = fit_scores(dataset, EVERY, OPTIONS)
    logits = plan_logits(scores, dataset, [5], top=3)
    ordered = np.sort(scores(dataset, np.flatnonzero(dataset.documents == 5)), axis=0)[::-1]
    np.testing.assert_allclose(logits[0], np.log(np.exp(2 * ordered[:3]).sum(0)) / 2)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1_000))
def test_held_out_logits_tell_evidence_from_the_rest(seed: int) -> None:
    dataset = toy(seed)
    strong = dataset.inputs.toarray()
    strong[dataset.documents % 2 == 0, : len(MEASURES)] = -np.abs(strong[dataset.documents % 2 == 0, : len(MEASURES)])
    labels = (strong[:, : len(MEASURES)] > 0).astype(np.int8)
    dataset = dataclasses.replace(dataset, inputs=csr_matrix(strong), labels=labels)
    logits = held_out_logits(dataset, dataclasses.replace(OPTIONS, folds=4))
    assert logits[1::2].mean() > logits[0::2].mean() + 1
