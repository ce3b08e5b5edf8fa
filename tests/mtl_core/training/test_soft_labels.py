"""Soft labels in the loss: probabilities, not their argmax, of the taught task alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.distillation import student_encoder
from mtl_core.training.loader import BatchMaker
from mtl_core.training.module import task_losses
from mtl_core.training.teachers import taught_by_model

TASKS = (
    Task(name="useful", kind="binary"),
    Task(name="topic", kind="multiclass", labels=("maths", "art", "music")),
    Task(name="parts", kind="multilabel", labels=("goal", "check")),
    Task(name="slots", kind="token", labels=("O", "B-who", "I-who")),
)


def _model(encoder: SharedEncoder, *, seed: int = 0) -> MultiTaskModel:
    """A model on a copy of the encoder."""
    torch.manual_seed(seed)
    return MultiTaskModel(student_encoder(encoder, layers=2), TASKS)


def test_probabilities_reach_the_loss_and_not_their_argmax(tiny):
    model = _model(tiny)
    soft = {"topic": (0.5, 0.3, 0.2), "useful": (0.6,), "parts": (0.4, 0.9)}
    taught = Example(text="plan a lesson", labels={}, soft=soft)
    hard = replace(taught, soft={"topic": (1.0, 0.0, 0.0), "useful": (1.0,), "parts": (0.0, 1.0)})
    found = {}
    for key, example in (("soft", taught), ("hard", hard)):
        batch = BatchMaker(model, {"text": [example]})("text", [0])
        states = model.states(batch.text)
        found[key] = task_losses(model, states, batch.targets, LossOptions(), plain=False)
        logits = model.judge(states, list(soft))
    teacher = torch.tensor(soft["topic"])
    expected = (teacher * (teacher.log() - torch.log_softmax(logits["topic"][0], -1))).sum()
    assert found["soft"]["topic"].total.item() == pytest.approx(expected.item(), rel=1e-4)
    for name in ("useful", "parts"):
        chances, given_by = torch.sigmoid(logits[name][0]), torch.tensor(soft[name])
        divergence = given_by * (given_by / chances).log() + (1 - given_by) * ((1 - given_by) / (1 - chances)).log()
        assert found["soft"][name].total.item() == pytest.approx(divergence.mean().item(), rel=1e-4)
    for name in soft:
        assert abs(found["soft"][name].total - found["hard"][name].total.item()) > 0.05
    # the gradient pulls towards the teacher's distribution: it vanishes there, not at its argmax
    free = teacher.log().clone().requires_grad_()
    targets = model.head("topic").targets([taught])
    model.head("topic").loss(free[None], targets, LossOptions()).total.backward()
    assert free.grad is not None
    assert free.grad.abs().max().item() < 1e-6


@pytest.mark.parametrize("task", [task.name for task in TASKS])
def test_an_example_taught_one_task_teaches_that_task_alone(tiny, task):
    model = _model(tiny)
    teacher = _model(tiny, seed=8)
    words = ("plan", "a", "lesson")
    plain = Example(text=" ".join(words), labels={}, words=words)
    full = taught_by_model([plain], teacher, tasks=TASKS)[0]
    taught = replace(full, soft={task: full.soft[task]})
    labelled = Example(
        text="solve three sums",
        labels={"useful": "1", "topic": "art", "parts": ("goal",), "slots": ("O", "B-who", "I-who")},
        words=("solve", "three", "sums"),
    )
    options = LossOptions()

    def losses(examples):
        batch = BatchMaker(model, {"text": examples})("text", range(len(examples)))
        return task_losses(model, model.states(batch.text), batch.targets, options, plain=False)

    alone, both, soft = losses([labelled]), losses([labelled, taught]), losses([taught])
    assert list(soft) == [task]
    for name in alone:
        extra = soft[task].total.item() if name == task else 0.0
        assert both[name].total.item() == pytest.approx(alone[name].total.item() + extra, rel=1e-5)
        assert both[name].count.item() == alone[name].count.item() + (soft[task].count.item() if name == task else 0)
    soft[task].total.backward()
    others = [model.head(name) for name in model.heads if name != task]
    assert all(parameter.grad is None for head in others for parameter in head.parameters())
    assert any(parameter.grad.abs().sum().item() > 0 for parameter in model.head(task).parameters())
