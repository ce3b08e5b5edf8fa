"""Fitting of the head that knows a lesson plan from other text."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.features import encoder_text
from mtl_core.plan_features import join_features
from mtl_core.segments import Segment, segment_document
from mtl_core.training import plan_head
from mtl_core.training.plan_head import PlanExample, fit_plan_head, plan_folds, plan_pieces

SIZE = 8
ACTS = ("Pupils compare", "Learners sort", "Ask the class about", "In pairs explain", "Exit card on")
FACTS = ("The town bought", "He was fond of", "Our firm sells", "She once saw", "Nobody liked")
THINGS = ("rivers", "fractions", "poems", "magnets", "maps", "verbs", "seeds", "castles")


def vectors_of(segments: Sequence[Segment]) -> dict[str, np.ndarray]:
    """A unit vector for every text that depends on the text alone."""
    vectors = {}
    for segment in segments:
        text = encoder_text(segment.text)
        row = np.random.default_rng(zlib.crc32(text.encode())).normal(size=SIZE).astype(np.float32)
        vectors[text] = row / np.linalg.norm(row)
    return vectors


def example(openings: tuple[str, ...], seed: int, group: str, *, lines: int, is_plan: bool) -> PlanExample:
    generator = np.random.default_rng(seed)
    text = "\n\n".join(f"{generator.choice(openings)} {generator.choice(THINGS)}." for _ in range(lines))
    segments = segment_document(text)
    return PlanExample(plan_pieces(segments, vectors_of(segments)), group, is_plan)


def examples() -> list[PlanExample]:
    """Short plans and long other texts: length would tell them apart, and must not."""
    plans = [example(ACTS, n, f"p{n % 3}", lines=8 + 20 * (n % 2), is_plan=True) for n in range(24)]
    others = [example(FACTS, 100 + n, f"o{n % 3}", lines=8 + 90 * (n % 2), is_plan=False) for n in range(24)]
    return plans + others


def logits(head: plan_head.PlanHead, judged: Sequence[PlanExample]) -> np.ndarray:
    with torch.inference_mode():
        return head(join_features([e.pieces.whole for e in judged])).numpy()


def test_a_fitted_head_knows_plans_of_every_length_that_it_has_not_seen() -> None:
    head = fit_plan_head(examples())
    plans = [example(ACTS, 500 + n, "new", lines=lines, is_plan=True) for n, lines in enumerate((6, 30, 200))]
    others = [example(FACTS, 600 + n, "new", lines=lines, is_plan=False) for n, lines in enumerate((6, 30, 200))]
    assert logits(head, plans).min() > 0
    assert logits(head, others).max() < 0


def test_the_same_examples_give_the_same_head() -> None:
    one, other = fit_plan_head(examples()), fit_plan_head(examples())
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(tensor, other.state_dict()[name], rtol=0, atol=0)


def test_the_weight_of_an_example_counts() -> None:
    usual = examples()
    strange = [example(FACTS, 900 + n, f"p{n % 3}", lines=8, is_plan=True) for n in range(6)]
    heavy = [PlanExample(e.pieces, e.group, e.is_plan, 30.0) for e in strange]
    light = logits(fit_plan_head([*usual, *strange]), strange)
    assert (logits(fit_plan_head([*usual, *heavy]), strange) > light).all()


@pytest.mark.parametrize("groups", [("p0", "o0", "o1"), ("p0", "p1", "o0")])
def test_one_batch_of_a_kind_is_too_few(groups: tuple[str, ...]) -> None:
    few = [e for e in examples() if e.group in groups]
    with pytest.raises(InputError, match="two batches"):
        fit_plan_head(few)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(2, 6))
def test_every_group_is_held_out_once_and_never_alone_of_its_kind(plans: int, others: int, folds: int) -> None:
    piece = examples()[0].pieces
    dealt = [PlanExample(piece, f"g{n}", is_plan=True) for n in range(plans)]
    dealt += [PlanExample(piece, f"g{n}", is_plan=False) for n in range(others)]
    held = list(plan_folds(dealt, folds))
    assert len(held) == min(plans, others, folds)
    assert sorted(pair for fold in held for pair in fold) == sorted({(e.is_plan, e.group) for e in dealt})
    for fold in held:
        assert {kind for kind, _ in fold} == {True, False}
        assert {kind for kind, _ in set().union(*held) - fold} == {True, False}


def test_at_every_length_plans_and_other_texts_weigh_the_same() -> None:
    words = np.asarray([20, 30, 40, 60, 70, 140, 150, 160, 170])
    labels = np.asarray([1, 0, 0, 1, 0, 1, 1, 1, 0])
    weights = np.asarray([2.0, 1, 3, 1, 1, 1, 2, 1, 5])
    balanced = plan_head._balanced(weights, labels, words)
    for rows in (slice(0, 3), slice(3, 5), slice(5, 9)):
        part, kind = balanced[rows], labels[rows]
        assert part[kind == 1].sum() == pytest.approx(part[kind == 0].sum())
    assert balanced[1] / balanced[2] == pytest.approx(1 / 3)


def test_pieces_hold_the_document_and_short_passages_of_it() -> None:
    segments = segment_document("\n\n".join(f"Pupils name river number {n} aloud." for n in range(40)))
    pieces = plan_pieces(segments, vectors_of(segments))
    assert pieces.whole.words.sum() == 240
    assert [int(snippet.words.sum()) for snippet in pieces.snippets] == [30, 60]


def test_a_text_that_is_as_short_as_a_passage_has_one_piece_only() -> None:
    segments = segment_document("Pupils name three rivers.")
    assert plan_pieces(segments, vectors_of(segments)).snippets == ()
