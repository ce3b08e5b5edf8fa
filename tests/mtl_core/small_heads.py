"""Heads of every kind on random encoder states in double precision, small enough for property tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import torch

from mtl_core.data.examples import Example, Label
from mtl_core.heads import EncoderStates, HeadSettings, TaskHead, make_head
from mtl_core.heads.base import NO_WORD
from mtl_core.tasks import Task

DIMENSION = 6

TASKS = {
    "binary": Task(name="task", kind="binary", labels=("no", "yes")),
    "multiclass": Task(name="task", kind="multiclass", labels=("a", "b", "c"), separator="#"),
    "multilabel": Task(name="task", kind="multilabel", labels=("x", "y", "z")),
    "token": Task(name="task", kind="token", labels=("O", "B-x", "I-x", "B-y", "I-y")),
    "evidence": Task(name="task", kind="evidence", labels=("x", "y")),
}
"""A task of every kind that comes with the package."""


def small_head(kind: str, *, seed: int = 0, dropout: float = 0.0) -> TaskHead:
    """A head in double precision, with class weights that are not all one."""
    torch.manual_seed(seed)
    head = make_head(TASKS[kind], dimension=DIMENSION, settings=HeadSettings(dropout=dropout)).double()
    head.class_weights.uniform_(0.5, 2.0)
    return head


def example_of(kind: str, source: random.Random, *, known: bool = True, taught: bool = False) -> Example:
    """An example of 1 to 4 words, or of 1 to 3 passages, with or without a label and a teacher's judgement."""
    task = TASKS[kind]
    words = tuple("w" for _ in range(source.randint(1, 4))) if kind == "token" else ()
    segments = tuple("p" for _ in range(source.randint(1, 3))) if kind != "token" else ()
    labels = {"task": _label(task, source, words=len(words))} if known else {}
    soft = {"task": _soft(task, source, words=len(words))} if taught else {}
    return Example(text="w", labels=labels, words=words, segments=segments, soft=soft, source="data.csv:7")


def _label(task: Task, source: random.Random, *, words: int) -> Label:
    if task.kind == "token":
        return tuple(source.choice(task.labels) for _ in range(words))
    if task.kind in {"multilabel", "evidence"}:
        return tuple(label for label in task.labels if source.random() < 0.5)
    return source.choice(task.labels)


def _soft(task: Task, source: random.Random, *, words: int) -> tuple[float, ...]:
    if task.kind == "binary":
        return (source.random(),)
    if task.kind in {"multilabel", "evidence"}:
        return tuple(source.random() for _ in task.labels)
    return tuple(chance for _ in range(words or 1) for chance in _distribution(len(task.labels), source))


def _distribution(count: int, source: random.Random) -> list[float]:
    parts = [source.random() + 0.01 for _ in range(count)]
    return [part / sum(parts) for part in parts]


def states_of(examples: Sequence[Example], *, seed: int = 0) -> EncoderStates:
    """Random states of examples: words sit at the places 1, 2, ..., passages have 1 to 5 tokens."""
    source = torch.Generator().manual_seed(seed)
    lengths = [1 if example.words else len(example.segments) or 1 for example in examples]
    width = 6
    tokens = torch.randn(sum(lengths), width, DIMENSION, generator=source, dtype=torch.float64)
    sizes = torch.randint(1, width, (sum(lengths),), generator=source)
    mask = (torch.arange(width) < sizes[:, None]).long()
    weights = mask[..., None].double()
    pooled = (tokens * weights).sum(1) / weights.sum(1)
    most = max(len(example.words) for example in examples)
    words = torch.full((len(examples), most), NO_WORD)
    for row, example in enumerate(examples):
        words[row, : len(example.words)] = torch.arange(1, len(example.words) + 1)
    return EncoderStates(tokens, mask, pooled, torch.tensor(lengths), words)


def select(states: EncoderStates, examples: Sequence[Example], rows: Sequence[int]) -> EncoderStates:
    """The states of some of the examples, as if the others had never been read."""
    starts = states.lengths.cumsum(0) - states.lengths
    sequences = [int(starts[row]) + place for row in rows for place in range(int(states.lengths[row]))]
    most = max((len(examples[row].words) for row in rows), default=0)
    return EncoderStates(
        states.tokens[sequences],
        states.mask[sequences],
        states.pooled[sequences],
        states.lengths[list(rows)],
        states.words[list(rows)][:, :most],
    )


def with_gradient(states: EncoderStates) -> EncoderStates:
    """The same states as leaves whose gradients can be read."""
    return replace(states, tokens=states.tokens.clone().requires_grad_(), pooled=states.pooled.clone().requires_grad_())
