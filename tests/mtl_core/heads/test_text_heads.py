"""Heads that read one vector a text: binary, multiclass, multilabel."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import Decision, EncoderStates, TaskHead, make_head
from mtl_core.losses import LossOptions
from mtl_core.tasks import Task
from tests.mtl_core.small_heads import TASKS, small_head, states_of

TEXTS = [Example(text="w", labels={}) for _ in range(2)]


def with_logits(head: TaskHead, logits: list[list[float]], decision: Decision) -> list[object]:
    states = states_of([Example(text="w", labels={}) for _ in logits])
    return head.predict(torch.tensor(logits, dtype=torch.float64), decision, states)


def test_binary_decides_for_the_second_label_from_the_threshold_on() -> None:
    head = small_head("binary")
    said = with_logits(head, [[-1.0], [0.0], [1.0]], Decision())
    assert [one.label for one in said] == ["no", "yes", "yes"]
    assert said[1].probabilities == (0.5,)
    said = with_logits(head, [[-1.0], [0.0], [1.0]], Decision(thresholds=(0.7,)))
    assert [one.label for one in said] == ["no", "no", "yes"]
    assert with_logits(head, [[2.0]], Decision(temperature=2.0))[0].probabilities[0] == pytest.approx(0.7310586)


@given(st.floats(0.01, 0.99), st.sampled_from(["binary", "multilabel", "evidence"]))
def test_a_probability_at_the_threshold_holds(chance: float, kind: str) -> None:
    # float32, as a trained model gives it; the threshold is what a float32 probability reads as in Python
    head = make_head(TASKS[kind], dimension=2).float()
    labels = 1 if kind == "binary" else len(TASKS[kind].labels)
    logits = torch.full((1, labels), chance, dtype=torch.float32).logit()
    exact = tuple(float(value) for value in head.probabilities(logits, Decision())[0])
    states = EncoderStates(
        torch.zeros(1, 1, 2), torch.ones(1, 1), torch.zeros(1, 2), torch.tensor([1]), torch.zeros(1, 0)
    )
    said = head.predict(logits, Decision(thresholds=exact), states)[0]
    assert said.probabilities == exact
    assert said.label == ("yes" if kind == "binary" else TASKS[kind].labels)
    above = tuple(min(1.0, value * (1 + 1e-6)) for value in exact)
    refused = head.predict(logits, Decision(thresholds=above), states)[0]
    assert refused.label == ("no" if kind == "binary" else ())


def test_binary_without_labels_takes_absent_and_present() -> None:
    head = make_head(Task(name="task", kind="binary"), dimension=3)
    assert head.task.labels == ("0", "1")
    assert head.targets([Example(text="w", labels={"task": "1"})]).values.tolist() == [[1.0]]


@pytest.mark.parametrize("kind", ["binary", "multilabel", "evidence"])
def test_thresholds_of_another_number_are_refused(kind: str) -> None:
    head = small_head(kind)
    states = states_of(TEXTS)
    with pytest.raises(InputError, match="thresholds are needed, 4 are given"):
        head.predict(head(states), Decision(thresholds=(0.5,) * 4), states)


def test_multiclass_gives_one_distribution() -> None:
    said = with_logits(small_head("multiclass"), [[0.0, 2.0, 1.0], [3.0, 0.0, 3.0]], Decision(temperature=0.5))
    assert [one.label for one in said] == ["b", "a"]
    assert sum(said[0].probabilities) == pytest.approx(1)
    assert said[0].probabilities[1] == pytest.approx(0.8668133)


def multiclass_number(label: str, labels: tuple[str, ...], separator: str | None = "#") -> int:
    head = make_head(Task(name="task", kind="multiclass", labels=labels, separator=separator), dimension=2)
    return int(head.targets([Example(text="w", labels={"task": label}, source="f:1")]).values[0])


def test_of_several_right_answers_the_first_known_one_is_learned() -> None:
    assert multiclass_number("b#a", ("a", "b")) == 1
    assert multiclass_number("z#a", ("a", "b")) == 0
    assert multiclass_number("a#b", ("a", "b", "a#b")) == 2
    with pytest.raises(InputError, match="'y#z' is not a label"):
        multiclass_number("y#z", ("a", "b"))
    with pytest.raises(InputError, match="'b#a' is not a label"):
        multiclass_number("b#a", ("a", "b"), None)


def test_multiclass_takes_one_label() -> None:
    with pytest.raises(InputError, match=r"f:3: task 'task' takes one label, not \['a', 'b'\]"):
        small_head("multiclass").targets([Example(text="w", labels={"task": ("a", "b")}, source="f:3")])


def test_multilabel_names_what_holds_in_the_order_of_the_task() -> None:
    said = with_logits(small_head("multilabel"), [[1.0, -1.0, 0.0], [-5.0, -5.0, -5.0]], Decision())
    assert [one.label for one in said] == [("x", "z"), ()]
    cut = with_logits(small_head("multilabel"), [[0.0, 0.0, 0.0]], Decision(thresholds=(0.4, 0.6, 0.5)))
    assert cut[0].label == ("x", "z")


def test_an_empty_set_is_a_label_and_a_missing_one_is_not() -> None:
    head = small_head("multilabel")
    targets = head.targets([Example(text="w", labels={"task": ()}), Example(text="w", labels={})])
    assert targets.known.tolist() == [True, False]
    assert targets.values[0].tolist() == [0, 0, 0]


def test_class_weights_weigh_absence_and_presence() -> None:
    head = small_head("multilabel")
    head.class_weights.copy_(torch.tensor([[1.0, 4.0], [1.0, 1.0], [1.0, 1.0]]))
    targets = head.targets([Example(text="w", labels={"task": ("x",)})])
    logits = torch.zeros(1, 3, dtype=torch.float64)
    plain = head.loss(logits, targets, LossOptions()).total
    weighted = head.loss(logits, targets, LossOptions(class_weights=True)).total
    assert float(weighted / plain) == pytest.approx((4 + 1 + 1) / 3)


def test_dropout_is_silent_outside_training() -> None:
    head, states = small_head("multiclass", dropout=0.5), states_of(TEXTS)
    head.eval()
    torch.testing.assert_close(head(states), head(states), rtol=0, atol=0)
    head.train()
    assert not torch.equal(head(states), head(states))
