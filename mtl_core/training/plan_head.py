"""Training of the head that knows a lesson plan from other text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from mtl_core.errors import InputError
from mtl_core.plan_features import WORD_BUCKETS, PlanFeatures, join_features, plan_features
from mtl_core.plan_head import VECTOR_WEIGHT, WORD_WEIGHT, PlanHead, pooled_stretches
from mtl_core.segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "PLAN_THRESHOLD",
    "SHORT_PLAN_WEIGHT",
    "PlanExample",
    "PlanPieces",
    "fit_plan_head",
    "plan_folds",
    "plan_pieces",
]

PLAN_THRESHOLD = 0.4
"""Probability from which a text counts as a lesson plan; chosen on real plans and batches of other texts that the head
had not seen. To refuse a teacher's plan is worse than to read a text that is none."""

SHORT_PLAN_WEIGHT = 3.0
"""How much a short plan counts; they are few, and passages of long plans are not like them."""

_STRENGTH, _POOL_STRENGTH, _TOLERANCE = 5.0, 1.0, 1e-3
_SNIPPET_WORDS = (30, 60)
_SNIPPET_WEIGHT = 0.5
_LENGTHS = (45, 90)
"""Words at which a stretch passes into the next class of length."""


@dataclass(frozen=True, slots=True)
class PlanPieces:
    """Features of a document, and of short passages of it.

    Args:
        whole: Of the document.
        snippets: Of passages of 30 and of 60 words, so that the head learns what a few lines look like.
    """

    whole: PlanFeatures
    snippets: tuple[PlanFeatures, ...]


@dataclass(frozen=True, slots=True)
class PlanExample:
    """A document to learn from.

    Args:
        pieces: Its features.
        group: Documents of one batch or source share a group; no head that judges a group has seen it.
        is_plan: Whether it is a lesson plan.
        weight: How much it counts.
    """

    pieces: PlanPieces
    group: str
    is_plan: bool
    weight: float = 1.0


def plan_pieces(segments: Sequence[Segment], vectors: Mapping[str, NDArray[np.float32]]) -> PlanPieces:
    """Features of a document and of two short passages of it.

    Args:
        segments: The segments, one or more.
        vectors: Unit vector by ``encoder_text`` of every segment.

    Returns:
        The features.
    """
    passages = [_passage(segments, start, words) for start, words in zip((0.0, 0.5), _SNIPPET_WORDS, strict=True)]
    kept = [passage for passage in passages if len(passage) < len(segments)]
    return PlanPieces(plan_features(segments, vectors), tuple(plan_features(passage, vectors) for passage in kept))


def _passage(segments: Sequence[Segment], start: float, words: int) -> Sequence[Segment]:
    first = int(start * len(segments))
    counts = np.cumsum([len(segment.text.split()) for segment in segments[first:]])
    return segments[first : first + int(np.searchsorted(counts, words)) + 1]


def fit_plan_head(examples: Sequence[PlanExample], *, folds: int = 5) -> PlanHead:
    """Fit both layers; the second on logits of stretches by a first layer that has not seen their group.

    Both losses are convex, so the result depends on the data alone and no seed is needed.

    Args:
        examples: Plans and other texts, two groups or more of each.
        folds: Groups are dealt into this many folds.

    Returns:
        The head.

    Raises:
        InputError: If there are fewer than two groups of plans or of other texts.
    """
    if min(len({e.group for e in examples if e.is_plan is kind}) for kind in (True, False)) < 2:
        raise InputError("The head for lesson plans needs two batches of plans and two of other texts, or more.")
    wholes = join_features([example.pieces.whole for example in examples])
    logits = np.zeros(len(wholes.words), np.float32)
    rows = np.repeat(np.arange(len(examples)), wholes.counts)
    for held in plan_folds(examples, folds):
        seen = [example for example in examples if (example.is_plan, example.group) not in held]
        head = _fit_stretches(seen)
        judged = [number for number, e in enumerate(examples) if (e.is_plan, e.group) in held]
        part = join_features([examples[number].pieces.whole for number in judged])
        logits[np.isin(rows, judged)] = head.stretch_logits(part).detach().numpy()
    head = _fit_stretches(examples)
    _set_pool(head, pooled_stretches(logits, wholes), examples)
    return head


def plan_folds(examples: Sequence[PlanExample], folds: int) -> Iterator[frozenset[tuple[bool, str]]]:
    """Groups of plans and groups of other texts, each dealt round.

    Args:
        examples: Plans and other texts.
        folds: The most folds.

    Yields:
        Pairs of ``is_plan`` and group, disjoint between folds; each fold holds plans and other texts.
    """
    plans, others = (sorted({e.group for e in examples if e.is_plan is kind}) for kind in (True, False))
    step = min(folds, len(plans), len(others))
    for fold in range(step):
        yield frozenset([*((True, g) for g in plans[fold::step]), *((False, g) for g in others[fold::step])])


@torch.no_grad()
def _fit_stretches(examples: Sequence[PlanExample]) -> PlanHead:
    documents = [part for e in examples for part in (e.pieces.whole, *e.pieces.snippets)]
    weights = [
        weight for e in examples for weight in (e.weight, *(_SNIPPET_WEIGHT * e.weight for _ in e.pieces.snippets))
    ]
    labels = [e.is_plan for e in examples for _ in (e.pieces.whole, *e.pieces.snippets)]
    joined = join_features(documents)
    # the stretches of a long document count for more together than one, but not each as much as a short document
    row_weights = np.repeat(np.asarray(weights) / np.sqrt(joined.counts), joined.counts)
    row_labels = np.repeat(np.asarray(labels, np.int64), joined.counts)
    words = csr_matrix((joined.values, joined.buckets, joined.offsets), shape=(len(joined.words), WORD_BUCKETS))
    inputs = hstack([csr_matrix(VECTOR_WEIGHT * joined.vectors), WORD_WEIGHT * words]).tocsr()
    fitted = LogisticRegression(C=_STRENGTH, solver="liblinear", tol=_TOLERANCE).fit(
        inputs, row_labels, sample_weight=_balanced(row_weights, row_labels, joined.words)
    )
    dimension = joined.vectors.shape[1]
    head = PlanHead(dimension)
    head.vectors.weight.copy_(torch.from_numpy(fitted.coef_[:, :dimension]))
    head.vectors.bias.copy_(torch.from_numpy(fitted.intercept_))
    head.words.weight.copy_(torch.from_numpy(fitted.coef_[:, dimension:].T))
    return head


def _balanced(weights: NDArray[np.float64], labels: NDArray[np.int64], words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights with which plans and other texts count alike at every length: length itself must tell nothing."""
    balanced = np.zeros_like(weights)
    lengths = np.digitize(words, _LENGTHS)
    for length in range(len(_LENGTHS) + 1):
        sums = [max(float(weights[(lengths == length) & (labels == label)].sum()), 1.0) for label in (0, 1)]
        for label, total in enumerate(sums):
            rows = (lengths == length) & (labels == label)
            balanced[rows] = weights[rows] / total * np.sqrt(sums[0] * sums[1])
    return balanced


@torch.no_grad()
def _set_pool(head: PlanHead, pooled: NDArray[np.float32], examples: Sequence[PlanExample]) -> None:
    labels = np.asarray([example.is_plan for example in examples], np.int64)
    weights = np.asarray([example.weight for example in examples])
    for label in (0, 1):
        weights[labels == label] *= len(labels) / 2 / weights[labels == label].sum()
    fitted = LogisticRegression(C=_POOL_STRENGTH).fit(pooled, labels, sample_weight=weights)
    head.pool.weight.copy_(torch.from_numpy(fitted.coef_))
    head.pool.bias.copy_(torch.from_numpy(fitted.intercept_))
