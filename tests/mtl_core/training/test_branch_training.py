"""Training of the branch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mtl_core.encoder import SharedEncoder
from mtl_core.features import encoder_text, segment_features
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.branch import BranchOptions, Encode, _order_loss, _shortened, fit_branch
from mtl_core.training.branch_data import BranchDocument, branch_documents, token_states
from mtl_core.training.corpus import LabelledPlan, SegmentRow
from mtl_core.tuned_layers import copied_layers

OPTIONS = BranchOptions(layers=1, epochs=8, learning_rate=3e-3, head_rate=3e-2, plans=2, average=0.5)
FIRST = next(iter(MEASURES))
WORDS = ("lesson", "plan", "class", "ice")


def a_plan(number: int) -> LabelledPlan:
    """A plan whose only evidence is the line with a question mark."""
    lines = [f"{WORDS[(number + row) % 4]} {WORDS[(number * row) % 4]}." for row in range(5)]
    quotes = ()
    if number % 2:
        lines[number % 5] = quote = f"{WORDS[number % 4]} plan?"
        quotes = (quote,)
    text = "\n\n".join(lines) + "\n"
    present = dict.fromkeys(MEASURES, False) | {FIRST: bool(number % 2)}
    found = {key: quotes if key == FIRST else () for key in MEASURES}
    return LabelledPlan(f"p{number}", "ab"[number // 8], text, tuple(segment_document(text)), present, found)


PLANS = [a_plan(number) for number in range(16)]
SINGLE = SegmentRow(
    id="s1",
    measure=FIRST,
    polarity="present",
    text="lesson plan?",
    heading="class",
    measures=(FIRST,),
    subject="science",
    phase="primary",
    style="prose",
    batch="c",
)


def read(encoder: SharedEncoder):
    segments = [segment for plan in PLANS for segment in plan.segments] + [SINGLE.segment()]
    texts = dict.fromkeys(encoder_text(part) for segment in segments for part in (segment.text, segment.heading))
    states = token_states(encoder, list(texts), tap=encoder.layer_count - 2)
    return states, branch_documents(PLANS, [SINGLE], rows=states.rows)


def test_documents_hold_texts_headings_places_and_labels(tiny: SharedEncoder) -> None:
    states, documents = read(tiny)
    assert len(documents) == len(PLANS) + 1
    for plan, document in zip(PLANS, documents, strict=False):
        names = {row: text for text, row in states.rows.items()}
        assert [names[row] for row in document.texts] == [encoder_text(segment.text) for segment in plan.segments]
        assert (document.headings == -1).all()
        assert (document.labels[:, 0] == 1).sum() == int(plan.present[FIRST])
        assert document.present[0] == plan.present[FIRST]
        assert (document.labels[:, 1:] == 0).all()
    assert documents[-1].headings[0] == states.rows["class"]
    assert (documents[-1].present == -1).all()


def test_places_are_those_that_the_model_sees(tiny: SharedEncoder) -> None:
    _, documents = read(tiny)
    vectors = {encoder_text(s.text): np.ones(32, np.float32) for s in PLANS[0].segments}
    whole = segment_features(PLANS[0].segments, vectors)
    np.testing.assert_array_equal(documents[0].places, whole[:, 64:])


def test_token_states_are_those_of_the_layer_below(tiny: SharedEncoder) -> None:
    states, _ = read(tiny)
    texts = list(states.rows)[:4]
    padded, mask = states.batch([states.rows[text] for text in texts])
    means = (padded.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    np.testing.assert_allclose(means.numpy(), tiny.encode(texts, layers=[1]).layers[:, 0], atol=0.03)


def test_training_learns_and_says_so_and_leaves_the_encoder_alone(tiny: SharedEncoder) -> None:
    states, documents = read(tiny)
    before, told = tiny.encode(["plan"]).vectors, []
    branch, scores = fit_branch(tiny, states, documents, OPTIONS, report=told.append)
    np.testing.assert_array_equal(tiny.encode(["plan"]).vectors, before)
    assert len(told) == OPTIONS.epochs
    labels, found = [], []
    for plan in PLANS:
        texts = [encoder_text(segment.text) for segment in plan.segments]
        vectors = dict(zip(texts, tiny.encode(texts, branch=branch).branch, strict=True))
        found += (segment_features(plan.segments, vectors) @ scores.weights + scores.offsets)[:, 0].tolist()
        labels += [text.endswith("?") for text in texts]
    assert roc_auc_score(labels, found) > 0.95


def test_layers_may_be_frozen_and_a_further_loss_is_asked_each_step(tiny: SharedEncoder) -> None:
    states, documents = read(tiny)
    short = dataclasses.replace(OPTIONS, epochs=1)
    asked: list[torch.Tensor] = []

    def distance(encode: Encode) -> torch.Tensor:
        asked.append(encode(states, [0, 1]))
        return asked[-1].square().mean()

    branch, _ = fit_branch(
        tiny,
        states,
        documents,
        short,
        prepare=lambda layers: layers.requires_grad_(requires_grad=False),
        distance=distance,
    )
    assert len(asked) == -(-len(PLANS) // short.plans)
    assert asked[0].shape == (2, tiny.dimension)
    for kept, own in zip(branch.layers.parameters(), copied_layers(tiny, short.layers).parameters(), strict=True):
        assert torch.equal(kept, own)


def test_a_seed_gives_the_same_branch(tiny: SharedEncoder) -> None:
    states, documents = read(tiny)
    short = dataclasses.replace(OPTIONS, epochs=1)
    torch.manual_seed(1)
    first, scores = fit_branch(tiny, states, documents, short)
    torch.manual_seed(2)
    second, again = fit_branch(tiny, states, documents, short)
    np.testing.assert_array_equal(scores.weights, again.weights)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    _, others = fit_branch(tiny, states, documents, dataclasses.replace(short, seed=1))
    assert np.abs(others.weights - scores.weights).max() > 0


@pytest.mark.parametrize("most", [3, 10, 40])
def test_a_long_plan_keeps_its_quoted_segments(most: int) -> None:
    labels = np.zeros((30, 2), np.int8)
    labels[[4, 17], 1] = 1
    rows = np.arange(30)
    plan = BranchDocument(rows, rows, np.zeros((30, 1), np.float32), labels, np.ones(2, np.int8), "a")
    kept = _shortened(plan, most, np.random.default_rng(0))
    assert len(kept.texts) == min(most, 30)
    assert {4, 17} <= set(kept.texts.tolist())
    assert kept.texts.tolist() == sorted(kept.texts.tolist())
    np.testing.assert_array_equal(kept.labels, labels[kept.texts])


def test_an_unknown_label_teaches_nothing(tiny: SharedEncoder) -> None:
    states, documents = read(tiny)
    hidden = [
        dataclasses.replace(
            document,
            labels=np.where(np.arange(len(MEASURES)) == 1, -1, document.labels).astype(np.int8),
            present=np.where(np.arange(len(MEASURES)) == 1, -1, document.present).astype(np.int8),
        )
        for document in documents
    ]
    short = dataclasses.replace(OPTIONS, epochs=1)
    _, scores = fit_branch(tiny, states, hidden, short)
    torch.manual_seed(short.seed)
    assert scores.offsets[1] == pytest.approx(-2.0)
    assert scores.offsets[0] != pytest.approx(-2.0)


def ordered(labels: list[list[int]], present: list[int]) -> BranchDocument:
    rows = np.arange(len(labels))
    return BranchDocument(
        rows,
        rows,
        np.zeros((len(labels), 1), np.float32),
        np.asarray(labels, np.int8),
        np.asarray(present, np.int8),
        "a",
    )


def test_the_loss_of_order_is_the_share_of_the_quoted_segments_in_a_softmax() -> None:
    scores = torch.tensor([[2.0, 9.0], [1.0, 9.0], [0.0, 9.0], [-1.0, 9.0]], requires_grad=True)
    plan = ordered([[0, 0], [1, 0], [-1, -1], [1, 1]], [1, 0])
    expected = -np.log((np.e + 1 / np.e) / (np.e**2 + np.e + 1 + 1 / np.e))
    loss = _order_loss([scores], [plan])
    loss.backward()
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    # a measure that the plan lacks has no order, and what is not quoted is to sink
    assert scores.grad is not None
    assert (scores.grad[:, 1] == 0).all()
    assert (scores.grad[[0, 2], 0] > 0).all()
    assert scores.grad[:, 0].sum() == pytest.approx(0, abs=1e-6)


def test_each_measure_of_each_plan_counts_the_same_in_the_loss_of_order() -> None:
    plans = [ordered([[1, 0], [0, 0]], [1, 0]), ordered([[1, 1]] * 3 + [[0, -1]] * 3, [1, 1])]
    flat = [torch.zeros(2, 2), torch.zeros(6, 2)]
    assert float(_order_loss(flat, plans)) == pytest.approx(np.log(2))


def test_plans_without_a_quote_have_no_loss_of_order() -> None:
    plans = [ordered([[0, 0], [-1, 0]], [1, 0]), ordered([[0, 0]], [0, 0])]
    assert float(_order_loss([torch.randn(2, 2), torch.randn(1, 2)], plans)) == 0
