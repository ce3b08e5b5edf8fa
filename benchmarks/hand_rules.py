"""Patterns written by hand, alone and beside the shipped heads, on labelled plans.

    python -m benchmarks.hand_rules --data FOLDER

``hand_rule_patterns/MEASURE.yaml`` holds 75 to 112 patterns a measure, written from the rubric and mended on the openly
licensed plans of FOLDER and on plans of ours. Each is one input, 1 where it matches a passage, of a logistic regression
a measure that learns from the same plans. ``plans.jsonl`` shares sources with them; of ``unseen`` plans (noncommercial
rows of ``train.jsonl``) nobody and nothing has seen another plan of the source. Takes about ten minutes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from mtl_core.features import encoder_text
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.segments import Segment, SegmentKind
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_plan_folder, overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).with_name("hand_rule_patterns")
WEAK = "weak:"
"""A name that begins so is of a pattern that makes a measure likelier and does not show it."""
WEIGHT = 1.0
"""Of the patterns' logit beside that of the heads."""
_STRENGTH = 0.1
_OPEN_WEIGHT = 3.0
_QUOTE_BONUS = 4.0
_START, _END = 0.3, 0.65


class PatternRow(BaseModel):
    """One pattern as a file gives it; the fields that are there must all hold.

    Args:
        name: Short, unique in its file.
        text: Searched in the passage.
        heading: Searched in the nearest heading above.
        unless: Where it is found in the passage, the pattern does not match.
        kind: Kinds of passages.
        place: The first 30 or the last 35 per cent of the passages.
        then: Searched in the passages after this one.
        within: In how many of them.
        against: Whether the passage only looks like the measure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    text: str | None = None
    heading: str | None = None
    unless: str | None = Field(default=None, alias="not")
    kind: tuple[SegmentKind, ...] = ()
    place: str | None = Field(default=None, pattern="^(start|end)$")
    then: str | None = None
    within: int | None = Field(default=None, ge=1)
    against: bool = False


class _PatternFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    words: dict[str, str] = Field(default_factory=dict)
    patterns: tuple[PatternRow, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that is ready to search."""

    row: PatternRow
    text: re.Pattern[str] | None
    heading: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    then: re.Pattern[str] | None

    def matches(self, segments: Sequence[Segment], texts: Sequence[str]) -> Iterator[int]:
        """Numbers of the passages that it matches.

        Args:
            segments: The document.
            texts: Text of each passage without marks.

        Yields:
            The numbers, in order.
        """
        last, row = max(len(segments) - 1, 1), self.row
        for number, (segment, text) in enumerate(zip(segments, texts, strict=True)):
            if row.kind and segment.kind not in row.kind:
                continue
            if (row.place == "start" and number / last > _START) or (row.place == "end" and number / last < _END):
                continue
            if self.heading is not None and not self.heading.search(segment.heading):
                continue
            if self.text is not None and not self.text.search(text):
                continue
            if self.unless is not None and self.unless.search(text):
                continue
            later = texts[number + 1 : None if row.within is None else number + 1 + row.within]
            if self.then is None or any(self.then.search(one) for one in later):
                yield number


def load_patterns(measure: str) -> tuple[Pattern, ...]:
    """Read the patterns of a measure."""
    shared = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    given = _PatternFile.model_validate(yaml.safe_load((FOLDER / f"{measure}.yaml").read_text(encoding="utf-8")))
    if given.measure != measure or len({row.name for row in given.patterns}) != len(given.patterns):
        raise ValueError(f"{measure}.yaml is of another measure, or gives a name twice")
    words = {**shared, **given.words}
    parts = ("text", "heading", "unless", "then")
    return tuple(
        Pattern(row, **{part: _compiled(getattr(row, part), words) for part in parts}) for row in given.patterns
    )


def _compiled(pattern: str | None, words: Mapping[str, str]) -> re.Pattern[str] | None:
    """A blank stands for any white space, ``<name>`` for the words of that name; line breaks are dropped."""
    if pattern is None:
        return None
    found, before = re.sub(r"\s*\n\s*", "", pattern.strip()), ""
    while found != before:
        before = found
        found = re.sub(r"<([a-z_]+)>", lambda name: f"(?:{' '.join(words[name[1]].split())})", found)
    return re.compile(found.replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE)


def matched(patterns: Sequence[Pattern], plans: Sequence[LabelledPlan]) -> list[list[tuple[int, int]]]:
    """Pattern and passage of every match, by plan."""
    found = []
    for plan in plans:
        texts = [encoder_text(segment.text) for segment in plan.segments]
        found.append([(n, at) for n, pattern in enumerate(patterns) for at in pattern.matches(plan.segments, texts)])
    return found


def as_inputs(matches: Sequence[Sequence[tuple[int, int]]], count: int) -> NDArray[np.float64]:
    """``[plans, patterns]`` 1 where a pattern matches a passage."""
    inputs = np.zeros((len(matches), count))
    for row, pairs in enumerate(matches):
        inputs[row, [pattern for pattern, _ in pairs]] = 1
    return inputs


def labels_of(plans: Sequence[LabelledPlan], measure: str) -> NDArray[np.int64]:
    """``[plans]`` 0 or 1."""
    return np.asarray([int(plan.present[measure]) for plan in plans])


def quotes_found(
    plan: LabelledPlan,
    measure: str,
    scores: NDArray[np.float32],
    patterns: Sequence[Pattern],
    pairs: Sequence[tuple[int, int]],
) -> tuple[bool, bool]:
    """Whether one of the three best passages is one that a reader quoted: by the heads, and with the patterns."""
    quoted = {row for quote in plan.quotes[measure] for row in overlapping(plan, quote)}
    against = {at for number, at in pairs if patterns[number].row.against}
    shown = {at for number, at in pairs if not patterns[number].row.name.startswith(WEAK)} - against
    bonus = np.asarray([_QUOTE_BONUS * (at in shown) for at in range(len(plan.segments))])
    rows = [at for at, segment in enumerate(plan.segments) if segment.kind is not SegmentKind.HEADING]

    def touches(values: NDArray[np.float64]) -> bool:
        return bool(quoted & set(sorted(rows, key=lambda at: (-values[at], at))[:3]))

    return touches(scores.astype(np.float64)), touches(scores + bonus)


def shipped_logits(
    model: QualityModel, plans: Sequence[LabelledPlan]
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Logits ``[plans, measures]`` of the heads, and their scores of each plan's passages."""
    logits, scores = [], []
    for plan in plans:
        document, passages = model.judge_segments(plan.segments)
        logits.append(document)
        scores.append(passages)
    return np.stack(logits), scores


def main() -> None:
    """Print a line a measure, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data
    known, ours = load_plan_folder(folder / "train.jsonl"), load_corpus().plans
    judged = {
        "plans": load_plan_folder(folder / "plans.jsonl", licence_class=None),
        "unseen": load_plan_folder(folder / "train.jsonl", licence_class="noncommercial"),
    }
    model = QualityModel.from_pretrained()
    heads = {name: shipped_logits(model, plans) for name, plans in judged.items()}
    weights = np.r_[np.full(len(known), _OPEN_WEIGHT), np.ones(len(ours))]
    areas: dict[str, list[list[float]]] = {name: [] for name in judged}
    quotes: dict[str, list[tuple[bool, bool]]] = {name: [] for name in judged}
    print("area of heads, patterns, both:", ", ".join(judged))
    for column, measure in enumerate(MEASURES):
        patterns, line = load_patterns(measure), []
        inputs = as_inputs(matched(patterns, (*known, *ours)), len(patterns))
        learnt = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2000)
        learnt.fit(inputs, labels_of((*known, *ours), measure), sample_weight=weights)
        for name, plans in judged.items():
            matches, truth = matched(patterns, plans), labels_of(plans, measure)
            alone, own = learnt.decision_function(as_inputs(matches, len(patterns))), heads[name][0][:, column]
            line.append([roc_auc_score(truth, values) for values in (own, alone, own + WEIGHT * alone)])
            areas[name].append(line[-1])
            for plan, scores, pairs in zip(plans, heads[name][1], matches, strict=True):
                if plan.present[measure]:
                    quotes[name].append(quotes_found(plan, measure, scores[:, column], patterns, pairs))
        print(f"{measure:26s}", " | ".join(" ".join(f"{value:.2f}" for value in values) for values in line))
    for name in judged:
        mean, quoted = np.mean(areas[name], axis=0), np.mean(quotes[name], axis=0)
        print(f"{name}: area {mean.round(3)}, a reader's quote among three: heads, with patterns {quoted.round(3)}")


if __name__ == "__main__":
    main()
