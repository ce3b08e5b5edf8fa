"""Partial labels: a batch in which examples lack a label teaches exactly what its labelled part teaches."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.heads import EncoderStates, TaskHead
from mtl_core.losses import LossOptions, TaskLoss
from tests.mtl_core.small_heads import TASKS, example_of, select, small_head, states_of, with_gradient

OPTIONS = st.builds(
    LossOptions,
    name=st.sampled_from(["cross_entropy", "focal"]),
    gamma=st.sampled_from([0.0, 1.0, 2.0]),
    alpha=st.sampled_from([None, 0.25]),
    label_smoothing=st.sampled_from([0.0, 0.1]),
    class_weights=st.booleans(),
    temperature=st.sampled_from([1.0, 3.0]),
    distillation=st.sampled_from([0.0, 0.3, 1.0]),
)
MASKS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=5)


def learn(head: TaskHead, states: EncoderStates, examples: Sequence[Example], options: LossOptions) -> TaskLoss:
    head.zero_grad()
    loss = head.loss(head(states), head.targets(examples), options)
    (loss.total / loss.count.clamp(min=1)).backward()
    return loss


def gradient(part: torch.Tensor) -> torch.Tensor:
    return torch.zeros_like(part) if part.grad is None else part.grad.clone()


def gradients(head: TaskHead) -> list[torch.Tensor]:
    return [gradient(part) for part in head.parameters()]


@pytest.mark.parametrize("kind", TASKS)
@settings(max_examples=25, deadline=None)
@given(masks=MASKS, options=OPTIONS, seed=st.integers(0, 1000))
def test_a_batch_teaches_what_its_labelled_part_teaches(
    kind: str, masks: list[tuple[bool, bool]], options: LossOptions, seed: int
) -> None:
    source = random.Random(seed)
    examples = [example_of(kind, source, known=known, taught=taught) for known, taught in masks]
    head, given_states = small_head(kind, seed=seed), states_of(examples, seed=seed)
    states = with_gradient(given_states)
    whole = learn(head, states, examples, options)
    of_head = gradients(head)
    of_states = replace(states, tokens=gradient(states.tokens), pooled=gradient(states.pooled))
    rows = [row for row, mask in enumerate(masks) if any(mask)]
    if not rows:
        assert float(whole.total.detach()) == 0
        assert float(whole.count) == 0
        assert not any(part.any() for part in (*of_head, of_states.tokens, of_states.pooled))
        return
    labelled = with_gradient(select(given_states, examples, rows))
    part = learn(head, labelled, [examples[row] for row in rows], options)
    assert float(whole.count) == float(part.count)
    torch.testing.assert_close(whole.total, part.total, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(of_head, gradients(head), rtol=1e-10, atol=1e-12)
    chosen = select(of_states, examples, rows)
    torch.testing.assert_close(chosen.tokens, gradient(labelled.tokens), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(chosen.pooled, gradient(labelled.pooled), rtol=1e-10, atol=1e-12)
    unlabelled = [row for row in range(len(examples)) if row not in rows]
    if unlabelled:
        others = select(of_states, examples, unlabelled)
        assert not others.tokens.any()
        assert not others.pooled.any()


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("taught", [False, True])
@pytest.mark.parametrize("kind", TASKS)
def test_what_is_not_labelled_cannot_poison_the_loss(kind: str, taught: bool, poison: float) -> None:
    source = random.Random(3)
    examples = [example_of(kind, source, taught=taught), example_of(kind, source, known=False)]
    head = small_head(kind)
    logits = head(states_of(examples)).detach()
    targets = head.targets(examples)
    mask = targets.known.view(*targets.known.shape, *[1] * (logits.ndim - targets.known.ndim))
    poisoned = torch.where(mask, logits, poison)
    poisoned.requires_grad_()
    clean = logits.requires_grad_()
    for options in (LossOptions(), LossOptions(name="focal", class_weights=True, label_smoothing=0.1)):
        expected = torch.autograd.grad(head.loss(clean, targets, options).total, clean)[0]
        loss = head.loss(poisoned, targets, options)
        torch.testing.assert_close(loss.total, head.loss(clean, targets, options).total)
        torch.testing.assert_close(torch.autograd.grad(loss.total, poisoned)[0], expected)


@pytest.mark.parametrize("kind", TASKS)
def test_a_label_outside_the_task_is_named_by_file_and_line(kind: str) -> None:
    head = small_head(kind)
    label = ("B-z",) if kind == "token" else ("w",) if kind in {"multilabel", "evidence"} else "w"
    with pytest.raises(ValueError, match=r"^data.csv:7: '[^']*' is not a label of task 'task'; it may be one of: "):
        head.targets([Example(text="w", labels={"task": label}, words=("w",), source="data.csv:7")])


@pytest.mark.parametrize("kind", TASKS)
def test_a_teacher_of_another_number_of_labels_is_named_by_file_and_line(kind: str) -> None:
    head = small_head(kind)
    with pytest.raises(ValueError, match=r"^data.csv:7: the teacher gives 7 probabilities for 'task', not "):
        head.targets([Example(text="w", labels={}, words=("w",), soft={"task": (0.1,) * 7}, source="data.csv:7")])


@pytest.mark.parametrize("kind", TASKS)
def test_validation_leaves_out_weights_smoothing_and_teacher(kind: str) -> None:
    source = random.Random(0)
    examples = [example_of(kind, source, taught=True), example_of(kind, source)]
    head = small_head(kind)
    logits, targets = head(states_of(examples)), head.targets(examples)
    fancy = LossOptions(label_smoothing=0.2, class_weights=True, distillation=0.7)
    plain = head.loss(logits, targets, fancy, plain=True)
    bare = head.loss(logits, targets._replace(soft=None, taught=None), LossOptions())
    torch.testing.assert_close(plain, bare)
    assert not torch.isclose(head.loss(logits, targets, fancy).total, bare.total)


@pytest.mark.parametrize("kind", TASKS)
def test_the_teacher_counts_by_its_share(kind: str) -> None:
    source = random.Random(1)
    examples = [example_of(kind, source, taught=True) for _ in range(3)]
    head = small_head(kind)
    logits, targets = head(states_of(examples)), head.targets(examples)
    hard = head.loss(logits, targets._replace(soft=None, taught=None), LossOptions()).total
    soft = head.loss(logits, targets._replace(known=torch.zeros_like(targets.known)), LossOptions()).total
    mixed = head.loss(logits, targets, LossOptions(distillation=0.3)).total
    torch.testing.assert_close(mixed, 0.7 * hard + 0.3 * soft)
