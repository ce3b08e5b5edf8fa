"""Spans of BIO tags, entity F1 as conlleval counts it, and exact match of whole examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, NonNegativeInt

from mtl_core.errors import InputError
from mtl_core.evaluation.classification import Score, paired
from mtl_core.tasks import OUTSIDE, Task

__all__ = ["Span", "SpanScores", "extract_spans", "joint_exact_match", "sentence_exact_match", "span_scores"]


class Span(NamedTuple):
    """A run of words of one type.

    Args:
        start: First word, counted from 0.
        end: One past the last word.
        type: Type of the entity, the tag without ``B-`` or ``I-``.
    """

    start: int
    end: int
    type: str


class SpanScores(BaseModel):
    """Figures of a token task; ``count`` is 0 and every figure ``None`` where no sentence is labelled.

    Args:
        kind: Always ``token``.
        count: Number of labelled sentences.
        precision: Share of the predicted entities that are right in start, end and type.
        recall: Share of the gold entities that were found.
        f1: Their harmonic mean, conlleval's FB1 (as a share, not in percent).
        accuracy: Share of words with the right tag.
        exact_match: Share of sentences with every tag right.
        per_label: Figures by entity type, in alphabetical order.
        macro: Mean over the types that occur in gold or predictions.
        micro: Over all entities: the same as ``precision``, ``recall`` and ``f1``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["token"] = "token"
    count: NonNegativeInt
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None
    accuracy: float | None = None
    exact_match: float | None = None
    per_label: dict[str, Score] = {}
    macro: Score = Score()
    micro: Score = Score()

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data that JSON can hold."""
        return self.model_dump(mode="json")


def extract_spans(tags: Sequence[str]) -> list[Span]:
    """Spans of one sentence, by the rules of conlleval.

    ``B-`` starts a span; so does ``I-`` at the start of the sentence, after ``O``, or after another
    type. A span that reaches the end of the sentence is closed there.

    Tjong Kim Sang and Buchholz, Introduction to the CoNLL-2000 shared task, 2000.

    Args:
        tags: ``[words]`` ``O``, ``B-type`` or ``I-type``.

    Returns:
        The spans from left to right.

    Raises:
        InputError: If a tag has another form.
    """
    spans: list[Span] = []
    start, open_type = 0, ""
    for place, tag in enumerate(tags):
        mark, kind = _parts(tag)
        if open_type and (mark != "I" or kind != open_type):
            spans.append(Span(start, place, open_type))
            open_type = ""
        if kind and not open_type:
            start, open_type = place, kind
    if open_type:
        spans.append(Span(start, len(tags), open_type))
    return spans


def span_scores(golds: Sequence[Sequence[str] | None], predictions: Sequence[Sequence[str]]) -> SpanScores:
    """Entity precision, recall and F1, equal to ``conlleval.pl``.

    Where nothing is predicted or nothing is there to find, the figure is 0, as in conlleval.

    Args:
        golds: ``[n]`` tags of each sentence, ``None`` where unknown.
        predictions: ``[n]`` predicted tags, as many as the sentence has words.

    Returns:
        The figures.

    Raises:
        InputError: If lengths differ or a tag is not BIO.
    """
    sentences = _sentences(golds, predictions)
    if not sentences:
        return SpanScores(count=0)
    gold_count, said_count, right_count = Counter[str](), Counter[str](), Counter[str]()
    for gold, said in sentences:
        gold_spans, said_spans = set(extract_spans(gold)), set(extract_spans(said))
        gold_count.update(span.type for span in gold_spans)
        said_count.update(span.type for span in said_spans)
        right_count.update(span.type for span in gold_spans & said_spans)
    types = sorted(gold_count | said_count)
    per_label = {kind: _score(right_count[kind], said_count[kind], gold_count[kind]) for kind in types}
    micro = _score(right_count.total(), said_count.total(), gold_count.total())
    words = [one == other for gold, said in sentences for one, other in zip(gold, said, strict=True)]
    return SpanScores(
        count=len(sentences),
        precision=micro.precision,
        recall=micro.recall,
        f1=micro.f1,
        accuracy=float(np.mean(words)) if words else None,
        exact_match=sentence_exact_match(golds, predictions),
        per_label=per_label,
        macro=_mean(list(per_label.values()), micro.support),
        micro=micro,
    )


def sentence_exact_match(golds: Sequence[Sequence[str] | None], predictions: Sequence[Sequence[str]]) -> float | None:
    """Share of the labelled sentences whose tags are all right.

    Args:
        golds: ``[n]`` tags of each sentence, ``None`` where unknown.
        predictions: ``[n]`` predicted tags.

    Returns:
        0 to 1, or ``None`` where no sentence is labelled.

    Raises:
        InputError: If lengths differ.
    """
    sentences = _sentences(golds, predictions)
    return float(np.mean([list(gold) == list(said) for gold, said in sentences])) if sentences else None


def joint_exact_match(
    tasks: Sequence[Task],
    golds: Mapping[str, Sequence[Sequence[str] | None]],
    predictions: Mapping[str, Sequence[Sequence[str]]],
    *,
    any_of: bool = False,
) -> float | None:
    """Share of the examples whose labelled tasks are all right (the "sentence accuracy" of ATIS papers).

    A token task is right when every tag is, a multilabel one when the sets are equal, any other when
    the strings are equal. An example that no task labels does not count.

    Args:
        tasks: The tasks to join.
        golds: By task name, ``[n]`` gold labels, ``None`` where unknown.
        predictions: By task name, ``[n]`` predicted labels.
        any_of: For a multiclass task with a separator: right when the first part of the prediction is
            one of the parts of gold.

    Returns:
        0 to 1, or ``None`` where no example is labelled.

    Raises:
        InputError: If a task is missing or lengths differ.
    """
    right: dict[int, bool] = {}
    lengths: set[int] = set()
    for task in tasks:
        if task.name not in golds or task.name not in predictions:
            raise InputError(f"The exact match needs gold labels and predictions of the task {task.name!r}.")
        lengths.add(len(golds[task.name]))
        for number, gold, said in paired(golds[task.name], predictions[task.name]):
            right[number] = right.get(number, True) and _is_right(task, gold, said, any_of=any_of)
    if len(lengths) > 1:
        raise InputError(
            f"The tasks have different numbers of examples ({sorted(lengths)}); use None where unlabelled."
        )
    return float(np.mean(list(right.values()))) if right else None


def _is_right(task: Task, gold: Sequence[str], said: Sequence[str], *, any_of: bool) -> bool:
    if task.kind == "token":
        return list(gold) == list(said)
    if task.kind in {"multilabel", "evidence"}:
        return set(gold) == set(said)
    if any_of and task.separator and isinstance(gold, str) and isinstance(said, str):
        return said.split(task.separator)[0] in gold.split(task.separator)
    return gold == said


def _parts(tag: str) -> tuple[str, str]:
    """``B`` or ``I`` and the type; a type may hold further hyphens."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    mark, _, kind = tag.partition("-")
    if mark not in {"B", "I"} or not kind:
        raise InputError(f"The tag {tag!r} is not BIO; use O, B-type and I-type.")
    return mark, kind


def _sentences(
    golds: Sequence[Sequence[str] | None], predictions: Sequence[Sequence[str]]
) -> list[tuple[Sequence[str], Sequence[str]]]:
    pairs = paired(golds, predictions)
    for number, gold, said in pairs:
        if len(gold) != len(said):
            raise InputError(f"Sentence {number} has {len(gold)} gold tags and {len(said)} predicted; give one a word.")
    return [(gold, said) for _, gold, said in pairs]


def _score(right: int, said: int, gold: int) -> Score:
    precision, recall = right / said if said else 0.0, right / gold if gold else 0.0
    return Score(precision=precision, recall=recall, f1=2 * right / (said + gold) if right else 0.0, support=gold)


def _mean(scores: Sequence[Score], support: int) -> Score:
    """Mean of each figure; 0 where there is no type at all, as for the pooled figures."""
    table = np.asarray([(score.precision, score.recall, score.f1) for score in scores] or [(0, 0, 0)], dtype=float)
    precision, recall, f1 = table.mean(axis=0).tolist()
    return Score(precision=precision, recall=recall, f1=f1, support=support)
