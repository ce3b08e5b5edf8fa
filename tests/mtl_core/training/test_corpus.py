"""Training text."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from mtl_core.segments import SegmentKind, segment_document
from mtl_core.training.corpus import (
    Corpus,
    LabelledPlan,
    SegmentRow,
    batches,
    load_corpus,
    load_plan_folder,
    overlapping,
)

ROW = {
    "id": "s-1", "measure": "vocabulary", "polarity": "present", "text": "A noun is a naming word.", "heading": "Words",
    "measures": ["vocabulary"], "subject": "english", "phase": "primary", "style": "bullet", "batch": "a",
}  # fmt: skip
LABELS = {key: {"present": False, "quotes": []} for key in MEASURES}
PLAN_ROW = {
    "id": "p-1", "subject": "english", "phase": "primary", "style": "prose", "topic": "Nouns", "grade": "3",
    "batch": "p", "labels": {**LABELS, "vocabulary": {"present": True, "quotes": ["A noun is a naming word."]}},
}  # fmt: skip
OTHER = {"id": "np-1", "kind": "letter", "text": "Dear parents, school is closed.", "batch": "n1"}
PLAN_TEXT = "# Nouns\n\nA noun is a naming word. Pupils copy it.\n"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "segments" / "vocabulary.jsonl", ROW, {**ROW, "id": "s-2"})
    write(tmp_path / "plans" / "labels-p.jsonl", PLAN_ROW)
    (tmp_path / "plans" / "p-1.md").write_bytes(PLAN_TEXT.encode())
    write(tmp_path / "not_plans.jsonl", OTHER)
    write(tmp_path / "short_plans.jsonl", {**OTHER, "id": "short-1", "text": "Pupils sort leaves."})
    return tmp_path


def write(path: Path, *rows: dict) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def make_plan(text: str) -> LabelledPlan:
    return LabelledPlan("p", "g", text, tuple(segment_document(text)), {}, {})


def folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def test_every_measure_has_examples_and_near_misses(corpus: Corpus) -> None:
    counts = Counter((row.measure, row.polarity) for row in corpus.segments)
    for key in MEASURES:
        assert counts[key, "present"] >= 25, key
        assert counts[key, "near_miss"] >= 25, key
    assert len(corpus.plans) >= 25
    assert len(corpus.others) >= 25


def test_the_label_of_a_row_fits_its_polarity(corpus: Corpus) -> None:
    for row in corpus.segments:
        assert set(row.measures) <= set(MEASURES), row.id
        assert len(set(row.measures)) == len(row.measures), row.id
        assert row.measure in {*MEASURES, "neutral"}, row.id
        assert row.polarity != "present" or row.measure in row.measures, row.id
        assert row.polarity != "near_miss" or row.measure not in row.measures, row.id
        assert row.polarity != "neutral" or not row.measures, row.id
        assert row.text.strip() == row.text != "", row.id


def test_identifiers_are_unique(corpus: Corpus) -> None:
    for rows in (corpus.segments, corpus.plans, corpus.others):
        assert len({row.id for row in rows}) == len(rows)


def test_no_text_occurs_twice_with_conflicting_labels(corpus: Corpus) -> None:
    labels = defaultdict(set)
    for row in corpus.segments:
        labels[folded(row.text), folded(row.heading)].add(frozenset(row.measures))
    assert [key for key, found in labels.items() if len(found) > 1] == []
    plans = Counter(folded(plan.text) for plan in corpus.plans)
    assert max(plans.values()) == 1
    assert not set(plans) & {folded(other.text) for other in corpus.others}


def test_every_quote_is_found_in_its_plan(corpus: Corpus) -> None:
    lost = [
        (plan.id, key, quote)
        for plan in corpus.plans
        for key, quotes in plan.quotes.items()
        for quote in quotes
        if not overlapping(plan, quote)
    ]
    assert lost == []


def test_a_plan_has_a_quote_exactly_where_a_measure_is_present(corpus: Corpus) -> None:
    for plan in corpus.plans:
        assert list(plan.present) == list(plan.quotes) == list(MEASURES)
        assert {key for key in MEASURES if plan.quotes[key]} == {key for key in MEASURES if plan.present[key]}, plan.id


def test_every_measure_is_present_in_some_plans_and_absent_in_others(corpus: Corpus) -> None:
    for key in MEASURES:
        assert 25 <= sum(plan.present[key] for plan in corpus.plans) <= len(corpus.plans) - 25, key


def test_every_plan_file_has_labels(corpus: Corpus) -> None:
    from mtl_core.training.corpus import SHIPPED_CORPUS

    assert {path.stem for path in (SHIPPED_CORPUS / "plans").glob("*.md")} == {plan.id for plan in corpus.plans}
    assert all(plan.segments == tuple(segment_document(plan.text)) != () for plan in corpus.plans)


def test_a_small_corpus_is_read(folder: Path) -> None:
    corpus = load_corpus(folder)
    assert [row.id for row in corpus.segments] == ["s-1", "s-2"]
    (plan,) = corpus.plans
    assert (plan.id, plan.group, plan.text) == ("p-1", "p", PLAN_TEXT)
    assert [key for key, present in plan.present.items() if present] == ["vocabulary"]
    assert plan.quotes["vocabulary"] == ("A noun is a naming word.",)
    assert [other.kind for other in corpus.others] == ["letter"]
    assert [plan.text for plan in corpus.short_plans] == ["Pupils sort leaves."]
    assert batches([plan, plan]) == ["p"]


def test_line_ends_of_a_plan_are_kept(folder: Path) -> None:
    text = PLAN_TEXT.replace("\n", "\r\n")
    (folder / "plans" / "p-1.md").write_bytes(text.encode())
    assert load_corpus(folder).plans[0].text == text


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_a_line_separator_inside_a_text_ends_no_row(folder: Path, end: str) -> None:
    text = f"Dear parents,{end}school is closed."
    write(folder / "not_plans.jsonl", {**OTHER, "text": text})
    assert [other.text for other in load_corpus(folder).others] == [text]


@pytest.mark.parametrize(
    ("file", "rows", "line", "field"),
    [
        ("segments/vocabulary.jsonl", [ROW, {**ROW, "polarity": "maybe"}], 2, "polarity"),
        ("segments/vocabulary.jsonl", [{**ROW, "extra": 1}], 1, "extra"),
        ("segments/vocabulary.jsonl", [ROW, ROW, {k: v for k, v in ROW.items() if k != "text"}], 3, "text"),
        ("plans/labels-p.jsonl", [{**PLAN_ROW, "phase": "college"}], 1, "phase"),
        ("plans/labels-p.jsonl", [{**PLAN_ROW, "labels": {"vocabulary": {"present": True}}}], 1, "vocabulary"),
        ("plans/labels-p.jsonl", [PLAN_ROW, {**PLAN_ROW, "labels": {}}], 2, "label"),
        ("not_plans.jsonl", [OTHER, {**OTHER, "text": 3}], 2, "text"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_file_and_line(
    folder: Path, file: str, rows: list[dict], line: int, field: str
) -> None:
    write(folder / file, *rows)
    with pytest.raises(InputError) as caught:
        load_corpus(folder)
    message = str(caught.value)
    assert Path(file).name in message
    assert f"line {line}" in message
    assert field in message


@pytest.mark.parametrize("content", [b"{", b"[1]", b"null", b'{"id": "x"} trailing'])
def test_a_line_that_is_no_row_is_refused_by_file_and_line(folder: Path, content: bytes) -> None:
    path = folder / "not_plans.jsonl"
    path.write_bytes(json.dumps(OTHER).encode() + b"\n\n" + content + b"\n")
    with pytest.raises(InputError, match=r"not_plans\.jsonl, line 3"):
        load_corpus(folder)


@pytest.mark.parametrize("file", ["plans/p-1.md", "not_plans.jsonl", "short_plans.jsonl"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_read_is_named(folder: Path, file: str, content: bytes | None) -> None:
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_bytes(content)
    with pytest.raises(InputError, match=Path(file).name):
        load_corpus(folder)


@pytest.mark.parametrize(
    ("style", "kind"),
    [("bullet", SegmentKind.BULLET), ("agenda", SegmentKind.BULLET), ("table", SegmentKind.ROW)]
    + [(style, SegmentKind.SENTENCE) for style in ("prose", "script", "extracted")],
)
def test_a_row_becomes_a_segment_of_its_style(style: str, kind: SegmentKind) -> None:
    segment = SegmentRow.model_validate({**ROW, "style": style}).segment()
    assert (segment.text, segment.heading, segment.kind) == (ROW["text"], ROW["heading"], kind)
    assert (segment.start, segment.end) == (0, len(segment.text))


def test_a_quote_is_found_whatever_its_white_space() -> None:
    plan = make_plan("# Plan\n\nPupils write. Then they\r\n  share the sums.\n\n- Exit card\n")
    assert overlapping(plan, "Pupils write.") == [1]
    assert overlapping(plan, "Then they share  the\nsums.") == [2]
    assert overlapping(plan, "write. Then") == [1, 2]
    assert overlapping(plan, plan.text) == [0, 1, 2, 3]
    assert overlapping(plan, "exit card") == []
    assert overlapping(plan, "nowhere") == []
    assert overlapping(plan, "") == overlapping(plan, " \n") == []


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Write it.", "Share it?", "- card", "\n", "# End", "10 min"]), min_size=1, max_size=8))
def test_every_segment_is_found_by_its_own_text(lines: list[str]) -> None:
    plan = make_plan("\n".join(f"{line} {number}" if line.strip() else line for number, line in enumerate(lines)))
    for row, segment in enumerate(plan.segments):
        found = overlapping(plan, segment.text)
        assert found
        assert found[0] <= row
        assert found == list(range(found[0], found[-1] + 1))


REAL = {"id": "r-1", "source": "web", "licence_class": "open", "colour": "blue", "labels": PLAN_ROW["labels"]}


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    for number in (1, 2):
        (tmp_path / "texts" / f"r-{number}.txt").write_bytes(PLAN_TEXT.encode())
    write(tmp_path / "labels.jsonl", REAL, {**REAL, "id": "r-2", "source": "book", "licence_class": "closed"})
    return tmp_path / "labels.jsonl"


def test_only_plans_of_the_licence_asked_for_are_read(labels: Path) -> None:
    assert [(plan.id, plan.group) for plan in load_plan_folder(labels)] == [("r-1", "web")]
    assert [plan.id for plan in load_plan_folder(labels, licence_class="closed")] == ["r-2"]
    assert [plan.id for plan in load_plan_folder(labels, licence_class=None)] == ["r-1", "r-2"]


def test_a_missing_text_or_a_wrong_row_of_a_plan_folder_is_refused(labels: Path) -> None:
    (labels.parent / "texts" / "r-1.txt").unlink()
    with pytest.raises(InputError, match=r"r-1\.txt"):
        load_plan_folder(labels)
    write(labels, {**REAL, "source": 3})
    with pytest.raises(InputError, match=r"labels\.jsonl, line 1: source"):
        load_plan_folder(labels)
    with pytest.raises(InputError, match="missing"):
        load_plan_folder(labels.with_name("missing.jsonl"))
