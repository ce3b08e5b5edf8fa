"""Training text: labelled segments, whole plans, and text that is no lesson plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from mtl_core.segments import Segment, SegmentKind, segment_document
from mtl_core.training.passages import PlanPassages, by_digest, text_digest

__all__ = [
    "SHIPPED_CORPUS",
    "Corpus",
    "LabelledPlan",
    "OtherText",
    "SegmentRow",
    "load_corpus",
    "load_passages",
    "load_plan_folder",
    "overlapping",
    "quoted_starts",
    "read_rows",
]

SHIPPED_CORPUS = Path(__file__).parents[1] / "corpus"

Style = Literal["bullet", "table", "prose", "script", "agenda", "extracted"]
Phase = Literal["early_years", "primary", "lower_secondary", "upper_secondary", "adult"]

_KIND_OF_STYLE = {"bullet": SegmentKind.BULLET, "agenda": SegmentKind.BULLET, "table": SegmentKind.ROW}


class SegmentRow(BaseModel):
    """One labelled segment: ``measures`` lists every measure that it alone is evidence for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    measure: str
    polarity: Literal["present", "near_miss", "neutral"]
    text: str
    heading: str
    measures: tuple[str, ...]
    subject: str
    phase: Phase
    style: Style
    batch: str

    def segment(self) -> Segment:
        """The row as the segmenter would give it."""
        kind = _KIND_OF_STYLE.get(self.style, SegmentKind.SENTENCE)
        return Segment(0, len(self.text), self.text, kind, self.heading)


_AnyLabel = TypeVar("_AnyLabel")


def _all_measures(labels: dict[str, _AnyLabel]) -> dict[str, _AnyLabel]:
    missing = set(MEASURES) - set(labels)
    if missing:
        raise ValueError(f"there is no label for {min(missing)}; label all measures")
    return labels


class _Label(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    present: bool
    quotes: tuple[str, ...]


class _PlanRow(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    subject: str
    phase: Phase
    style: Style
    topic: str
    grade: str
    batch: str
    labels: Annotated[dict[str, _Label], AfterValidator(_all_measures)]


class _RealLabel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    present: bool
    quotes: tuple[str, ...]


class _RealRow(BaseModel):
    """A row of a folder of other people's plans; only what training needs is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: str
    source: str
    licence_class: str = "open"
    labels: Annotated[dict[str, _RealLabel], AfterValidator(_all_measures)]


class OtherText(BaseModel):
    """A text that is no lesson plan."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: str
    text: str
    batch: str


@dataclass(frozen=True, slots=True)
class LabelledPlan:
    """A whole plan with its labels.

    Args:
        id: Identifier.
        group: Plans of one author or source share a group; splits never cut through it.
        text: The plan.
        segments: Its segments.
        present: Whether each measure is present.
        quotes: Passages that show it.
        passages: A reading passage by passage, where there is one.
    """

    id: str
    group: str
    text: str
    segments: tuple[Segment, ...]
    present: dict[str, bool]
    quotes: dict[str, tuple[str, ...]]
    passages: PlanPassages | None = None


@dataclass(frozen=True, slots=True)
class Corpus:
    """All training text of one run."""

    segments: tuple[SegmentRow, ...]
    plans: tuple[LabelledPlan, ...]
    others: tuple[OtherText, ...]
    short_plans: tuple[OtherText, ...] = ()


def load_corpus(folder: Path = SHIPPED_CORPUS) -> Corpus:
    """Read the training text that comes with the package.

    Args:
        folder: With ``segments/*.jsonl``, ``plans/*.md``, ``plans/labels-*.jsonl``, ``passages/*.jsonl``,
            ``not_plans.jsonl``, ``short_plans.jsonl``.

    Returns:
        The corpus.

    Raises:
        InputError: If a row does not fit; file and line are named.
    """
    segments = tuple(
        row for path in sorted((folder / "segments").glob("*.jsonl")) for row in read_rows(path, SegmentRow)
    )
    plans, read = [], load_passages(folder)
    for path in sorted((folder / "plans").glob("labels-*.jsonl")):
        for row in read_rows(path, _PlanRow):
            text = _read(path.with_name(f"{row.id}.md"))
            plans.append(_plan(row.id, row.batch, text, row.labels, read))
    others, short = (tuple(read_rows(folder / f"{name}.jsonl", OtherText)) for name in ("not_plans", "short_plans"))
    return Corpus(segments, tuple(plans), others, short)


def load_passages(folder: Path = SHIPPED_CORPUS) -> dict[str, PlanPassages]:
    """Read the readings passage by passage that come with the package, of plans of ours and by others.

    Args:
        folder: With ``passages/*.jsonl``.

    Returns:
        Readings by the digest of the plan's text.

    Raises:
        InputError: If a row does not fit; file and line are named.
    """
    paths = sorted((folder / "passages").glob("*.jsonl"))
    return by_digest(row for path in paths for row in read_rows(path, PlanPassages))


def load_plan_folder(labels: Path, *, licence_class: str | None = "open") -> tuple[LabelledPlan, ...]:
    """Read labelled plans of other people from a JSON-lines file beside a folder ``texts``.

    Args:
        labels: The file; each row has ``id``, ``source``, ``licence_class`` and ``labels``.
        licence_class: Keep only rows of this class; ``None`` keeps all.

    Returns:
        The plans, grouped by source.

    Raises:
        InputError: If a row does not fit or a text is missing.
    """
    read = load_passages()
    return tuple(
        _plan(row.id, row.source, _read(labels.parent / "texts" / f"{row.id}.txt"), row.labels, read)
        for row in read_rows(labels, _RealRow)
        if licence_class is None or row.licence_class == licence_class
    )


def quoted_starts(plan: LabelledPlan, measure: str) -> frozenset[int]:
    """Where the segments start that the quotes of a measure touch.

    Args:
        plan: The plan.
        measure: Key of the measure.

    Returns:
        Starts in characters.
    """
    return frozenset(plan.segments[row].start for quote in plan.quotes[measure] for row in overlapping(plan, quote))


def overlapping(plan: LabelledPlan, quote: str) -> list[int]:
    """Rows of the segments that a quote touches; white space may differ.

    Args:
        plan: The plan.
        quote: A passage of it.

    Returns:
        Row numbers; empty if the passage is not in the text.
    """
    kept = [offset for offset, character in enumerate(plan.text) if not character.isspace()]
    plain = "".join(plan.text[offset] for offset in kept)
    wanted = "".join(quote.split())
    found = plain.find(wanted) if wanted else -1
    if found < 0:
        return []
    start, end = kept[found], kept[found + len(wanted) - 1] + 1
    return [row for row, segment in enumerate(plan.segments) if segment.start < end and start < segment.end]


Row = TypeVar("Row", bound=BaseModel)


def _plan(
    plan_id: str,
    group: str,
    text: str,
    labels: dict[str, _Label] | dict[str, _RealLabel],
    read: Mapping[str, PlanPassages],
) -> LabelledPlan:
    return LabelledPlan(
        id=plan_id,
        group=group,
        text=text,
        segments=tuple(segment_document(text)),
        present={key: labels[key].present for key in MEASURES},
        quotes={key: labels[key].quotes for key in MEASURES},
        passages=read.get(text_digest(text)),
    )


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text ({error}).") from error


def read_rows(path: Path, model: type[Row]) -> Iterator[Row]:
    """Rows of a JSON-lines file; raises ``InputError`` that names file and line of one that does not fit."""
    for number, line in enumerate(_read(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield model.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(f"{path}, line {number}: {where}: {first['msg']}.") from error


def batches(plans: Sequence[LabelledPlan]) -> list[str]:
    """Groups of the plans, sorted."""
    return sorted({plan.group for plan in plans})
