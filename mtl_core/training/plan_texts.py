"""Texts that the head for lesson plans learns from beside whole plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_core.segments import segment_document
from mtl_core.training.corpus import Corpus, LabelledPlan, OtherText, read_rows
from mtl_core.training.dataset import vectors_for
from mtl_core.training.plan_head import SHORT_PLAN_WEIGHT, PlanExample, plan_pieces

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["corpus_text_examples", "load_texts", "plan_examples", "text_examples"]


def load_texts(path: Path) -> tuple[OtherText, ...]:
    """Read texts from a JSON-lines file.

    Args:
        path: Each row has ``id``, ``kind``, ``text`` and ``batch``.

    Returns:
        The texts.

    Raises:
        InputError: If a row does not fit; file and line are named.
    """
    return tuple(read_rows(path, OtherText))


def text_examples(
    encoder: SharedEncoder, texts: Sequence[OtherText], *, are_plans: bool = False, weight: float = 1.0
) -> list[PlanExample]:
    """Examples of texts that are no plans, or of short plans.

    Args:
        encoder: The shared encoder.
        texts: The texts; their batch is their group.
        are_plans: Whether all of them are plans.
        weight: How much each counts.

    Returns:
        One example a text.
    """
    documents = [segment_document(text.text) for text in texts]
    vectors = vectors_for(encoder, [segment.text for document in documents for segment in document])
    return [
        PlanExample(plan_pieces(document, vectors), text.batch, are_plans, weight)
        for text, document in zip(texts, documents, strict=True)
    ]


def plan_examples(plans: Sequence[LabelledPlan], vectors: Mapping[str, NDArray[np.float32]]) -> list[PlanExample]:
    """Examples of whole plans.

    Args:
        plans: The plans; their batch or source is their group.
        vectors: Unit vector by ``encoder_text`` of every segment.

    Returns:
        One example a plan.
    """
    return [PlanExample(plan_pieces(plan.segments, vectors), plan.group, is_plan=True) for plan in plans]


def corpus_text_examples(encoder: SharedEncoder, corpus: Corpus) -> list[PlanExample]:
    """Examples of the texts of a corpus that are no plans, and of its short plans.

    Args:
        encoder: The shared encoder.
        corpus: The corpus.

    Returns:
        The examples.
    """
    return [
        *text_examples(encoder, corpus.others),
        *text_examples(encoder, corpus.short_plans, are_plans=True, weight=SHORT_PLAN_WEIGHT),
    ]
