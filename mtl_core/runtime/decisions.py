"""From logits to predictions in numpy: the rules of the torch heads, for where torch is not loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from mtl_core.tasks import OUTSIDE, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.data.examples import Label

__all__ = ["CUT", "KINDS", "NO_WORD", "DecisionRule", "Prediction", "decide", "probabilities"]

KINDS = ("binary", "evidence", "multiclass", "multilabel", "token")
"""Kinds of task whose decisions are known here."""

CUT, NO_WORD = -1, -2
"""Marks among the places of words: beyond the token budget, and padding."""

_QUOTES = 3
_SMALLEST = 1e-12


class DecisionRule(BaseModel):
    """A task and how its logits become a decision.

    Args:
        task: The task, with its labels.
        temperature: Divides the logits.
        thresholds: A probability from which each label holds, 0.5 where none was tuned.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: Task
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    thresholds: tuple[float, ...] = ()

    @property
    def cuts(self) -> NDArray[np.float32]:
        """Threshold of each independent label."""
        labels = 1 if self.task.kind == "binary" else len(self.task.labels)
        return np.asarray(self.thresholds or (0.5,) * labels, np.float32)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one task says of one example; field by field the prediction of a torch head.

    Args:
        label: The decision, in the form of ``Example.labels``.
        probabilities: Calibrated probability by label; of the positive label alone for a binary task; of each
            word's chosen tag for a token task.
        evidence: By label, the numbers of the segments that speak most for it; evidence tasks alone.
    """

    label: Label
    probabilities: tuple[float, ...]
    evidence: tuple[tuple[int, ...], ...] = ()


def probabilities(rule: DecisionRule, logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Calibrated probabilities.

    Args:
        rule: The task and its temperature.
        logits: ``[..., labels]``.

    Returns:
        Same shape: softmax over the last axis for multiclass and token tasks, else sigmoid.
    """
    scaled = logits / np.float32(rule.temperature)
    if rule.task.kind in {"multiclass", "token"}:
        powers = np.exp(scaled - scaled.max(-1, keepdims=True))
        return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)
    return np.asarray(np.exp(-np.logaddexp(0, -scaled)), np.float32)


def decide(
    rule: DecisionRule,
    logits: NDArray[np.float32],
    *,
    words: Sequence[int] = (),
    attention: NDArray[np.float32] | None = None,
) -> Prediction:
    """The prediction of one task for one example.

    Args:
        rule: The task and its decision.
        logits: ``[labels]``; ``[words or more, labels]`` for a token task.
        words: Place of each word's first piece or ``CUT``; token tasks alone.
        attention: ``[segments, labels]``; evidence tasks alone.

    Returns:
        The prediction.
    """
    chances = probabilities(rule, logits)
    labels = rule.task.labels
    if rule.task.kind == "token":
        return _tagged(rule, chances, words)
    row = tuple(map(float, chances))
    if rule.task.kind == "multiclass":
        return Prediction(labels[int(chances.argmax())], row)
    holds = chances >= rule.cuts
    if rule.task.kind == "binary":
        return Prediction(labels[int(holds[0])], row)
    held = tuple(label for label, kept in zip(labels, holds, strict=True) if kept)
    if attention is None:
        return Prediction(held, row)
    order = np.argsort(-attention, axis=0, kind="stable")[:_QUOTES].T.tolist()
    return Prediction(held, row, tuple(map(tuple, order)))


def _tagged(rule: DecisionRule, chances: NDArray[np.float32], words: Sequence[int]) -> Prediction:
    read = [number for number, place in enumerate(words) if place >= 0]
    path = _best_path(np.log(np.maximum(chances[read], np.float32(_SMALLEST))), rule.task.labels)
    tags, sure = [OUTSIDE] * len(words), [0.0] * len(words)
    for number, tag in zip(read, path, strict=True):
        tags[number], sure[number] = rule.task.labels[tag], float(chances[number, tag])
    return Prediction(tuple(tags), tuple(sure))


def _best_path(scores: NDArray[np.float32], labels: Sequence[str]) -> list[int]:
    """Viterbi's best sequence of tags ``[words, labels]`` in which I-x follows B-x or I-x alone."""
    if not len(scores):
        return []
    inside = [label[2:] if label.startswith("I-") else None for label in labels]
    first = np.array([span is not None for span in inside])
    steps = np.array([[span is not None and before[2:] != span for span in inside] for before in labels])
    never = np.float32(np.finfo(np.float32).min / 4)
    total = np.where(first, never, scores[0])
    back = []
    for row in scores[1:]:
        reached = np.where(steps, never, total[:, None])
        back.append(reached.argmax(0))
        total = reached.max(0) + row
    path = [int(total.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return path[::-1]
