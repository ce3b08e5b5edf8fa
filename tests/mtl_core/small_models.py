"""Untrained multi-task models on a tiny encoder, one task of every kind."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.heads import Decision, HeadSettings
from mtl_core.model import MultiTaskModel
from mtl_core.saved_model import ModelCard
from mtl_core.tasks import Task

TASKS = (
    Task(name="weather", kind="binary", labels=("no", "yes")),
    Task(name="topic", kind="multiclass", labels=("plan", "card", "sums"), separator="#"),
    Task(name="things", kind="multilabel", labels=("x", "y", "z")),
    Task(name="spans", kind="token", labels=("O", "B-key", "I-key")),
    Task(name="measures", kind="evidence", labels=("gap", "goal")),
)

TEXTS = ["plan the lesson", "pupils solve three sums on a card .", "write", "a card ?", "solve the sums on the card"]

MIXED = [
    Example(text="plan the lesson", labels={}, words=("plan", "the", "lesson")),
    Example(text="a card . solve sums", labels={}, segments=("a card .", "solve sums")),
    Example(text="write", labels={}, words=("write",)),
    Example(text="pupils solve three sums", labels={}),
]


def small_model(encoder: SharedEncoder, tasks: Sequence[Task] = TASKS, *, seed: int = 0) -> MultiTaskModel:
    """A model whose heads, weights and decisions are not the ones that a new model has."""
    torch.manual_seed(seed)
    model = MultiTaskModel(
        encoder,
        tasks,
        settings=HeadSettings(dropout=0.2),
        decisions={"weather": Decision(temperature=1.7, thresholds=(0.4,))},
        card=ModelCard(project="small", encoder="tiny", training={"seed": seed}),
    )
    for name in model.heads:
        model.head(name).class_weights.uniform_(0.5, 2.0)
    return model
