"""Decisions in numpy are those of the torch heads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.heads import Decision, EncoderStates, EvidenceTaskHead, head_kinds, make_head
from mtl_core.heads import base as heads_base
from mtl_core.runtime.decisions import CUT, KINDS, NO_WORD, DecisionRule, decide, probabilities
from mtl_core.tasks import Task

LABELS = ("a", "b", "c")
BIO = ("O", "B-x", "I-x", "B-y", "I-y")
DIMENSION = 4

numbers = st.floats(-30, 30, width=32)
temperatures = st.floats(0.25, 4)
cuts = st.floats(0.0, 1.0, width=32)


def rule_of(task: Task, decision: Decision) -> DecisionRule:
    return DecisionRule(task=task, temperature=decision.temperature, thresholds=decision.thresholds)


def states_of(words: torch.Tensor, lengths: list[int]) -> EncoderStates:
    rows = sum(lengths)
    generator = torch.Generator().manual_seed(rows)
    tokens = torch.randn(rows, 3, DIMENSION, generator=generator)
    return EncoderStates(tokens, torch.ones(rows, 3), tokens.mean(1), torch.tensor(lengths), words)


def test_the_kinds_and_marks_are_those_of_the_heads() -> None:
    assert set(KINDS) <= set(head_kinds())
    assert (CUT, NO_WORD) == (heads_base.CUT, heads_base.NO_WORD)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_text_is_decided_as_the_head_does(kind: str, data: st.DataObject) -> None:
    labels = ("no", "yes") if kind == "binary" else LABELS
    width = 1 if kind == "binary" else 3
    row = data.draw(st.lists(numbers, min_size=width, max_size=width))
    thresholds = data.draw(st.one_of(st.just([]), st.lists(cuts, min_size=width, max_size=width)))
    decision = Decision(
        temperature=data.draw(temperatures), thresholds=() if kind == "multiclass" else tuple(thresholds)
    )
    task = Task(name="task", kind=kind, labels=labels)
    head = make_head(task, dimension=DIMENSION)
    logits = torch.tensor([row])
    expected = head.predict(logits, decision, states_of(torch.full((1, 1), NO_WORD), [1]))[0]
    found = decide(rule_of(task, decision), logits[0].numpy())
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
    limits = decision.thresholds or (0.5,) * width
    ranked = sorted(expected.probabilities)
    clear = ranked[-1] - ranked[-2] if kind == "multiclass" else min(map(_gap, expected.probabilities, limits))
    # the last bit of a probability may differ, and turns a decision only where it sits on the limit
    assert clear < 1e-6 or found.label == expected.label


def _gap(chance: float, limit: float) -> float:
    return abs(chance - limit)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.lists(st.integers(-9, 9), min_size=5, max_size=5, unique=True), min_size=1, max_size=6), st.data())
def test_words_are_tagged_as_the_head_does(rows: list[list[int]], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.sampled_from([1, CUT]), min_size=len(rows), max_size=len(rows)))
    decision = Decision(temperature=data.draw(temperatures))
    task = Task(name="task", kind="token", labels=BIO)
    # unequal steps, so that no two paths have the same sum
    logits = torch.tensor(rows, dtype=torch.float32)[None]
    logits = logits + torch.randn(logits.shape, generator=torch.Generator().manual_seed(0)) / 100
    head = make_head(task, dimension=DIMENSION)
    expected = head.predict(logits, decision, states_of(torch.tensor([[*places, NO_WORD]]), [1]))[0]
    padded = np.concatenate([logits[0].numpy(), np.full((1, 5), 7, np.float32)])
    found = decide(rule_of(task, decision), padded, words=places)
    assert found.label == expected.label
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
    assert _is_well_formed([found.label[number] for number, place in enumerate(places) if place != CUT])


def _is_well_formed(tags: Sequence[str]) -> bool:
    return all(tag[:2] != "I-" or before[2:] == tag[2:] for before, tag in zip(("O", *tags), tags, strict=False))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.lists(cuts, min_size=3, max_size=3))
def test_evidence_is_that_of_the_head(lengths: list[int], thresholds: list[float]) -> None:
    decision = Decision(thresholds=tuple(thresholds))
    task = Task(name="task", kind="evidence", labels=LABELS)
    torch.manual_seed(0)
    head = make_head(task, dimension=DIMENSION)
    assert isinstance(head, EvidenceTaskHead)
    states = states_of(torch.full((len(lengths), 1), NO_WORD), lengths)
    with torch.inference_mode():
        logits = head(states)
        predictions, weights = head.predict(logits, decision, states), head.attention(states)
    for row, expected in enumerate(predictions):
        found = decide(rule_of(task, decision), logits[row].numpy(), attention=weights[row].numpy())
        assert found.evidence == expected.evidence
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)
        clear = min(map(_gap, expected.probabilities, thresholds))
        assert clear < 1e-6 or found.label == expected.label


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_huge_logits_give_finite_probabilities(kind: str) -> None:
    rule = DecisionRule(task=Task(name="task", kind=kind, labels=("a", "b")))
    logits = np.array([1e4, -1e4], np.float32)
    np.testing.assert_allclose(probabilities(rule, logits), [1, 0], atol=1e-6)


def test_no_words_give_no_tags() -> None:
    rule = DecisionRule(task=Task(name="task", kind="token", labels=BIO))
    assert decide(rule, np.zeros((1, 5), np.float32), words=[]).label == ()
    assert decide(rule, np.zeros((2, 5), np.float32), words=[CUT, CUT]).label == ("O", "O")
