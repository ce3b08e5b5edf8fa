from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from made_plans import FRACTIONS, HISTORY, PLANS, TABLE_PLAN, TEXTS, document_of

from chatbot.artefacts.timings import minutes_in


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)


def test_the_parts_of_a_plan_under_headings() -> None:
    plan = document_of(FRACTIONS)
    assert plan.title == "Adding fractions with unlike denominators"
    assert [p.text for p in plan.objectives] == [
        "Add two fractions with unlike denominators, such as ½ + ⅓.",
        "Explain why the denominators must match – in one sentence.",
    ]
    assert [p.text for p in plan.materials] == ["Fraction strips", "Mini whiteboards"]
    assert [(t.label, t.minutes, t.written) for t in plan.timings] == [
        ("Starter", 5, "5 minutes"),
        ("Modelling", 15, "10-15 min"),
        ("Practice", 20, "20 mins"),
    ]
    assert [(w.term, w.meaning) for w in plan.key_words] == [
        ("denominator", "the number of equal parts in the whole"),
        ("numerator", "the number of parts that are taken"),
    ]
    assert [(a.title, len(a.steps)) for a in plan.activities][:3] == [("Starter", 1), ("Modelling", 2), ("Practice", 5)]
    assert plan.exit_question is not None
    assert plan.exit_question.text == "Solve 1/3 + 1/4. How do you know that your answer is less than 1?"


def test_labelled_lines_count_as_headings_do() -> None:
    plan = document_of(HISTORY)
    assert [p.text for p in plan.objectives] == ["Students will be able to compare two letters about the bridge."]
    assert [p.text for p in plan.materials] == ["two letters, a map"]
    assert plan.exit_question is not None
    assert plan.exit_question.text == "Which letter would you trust more, and why?"
    assert plan.timings == ()


def test_a_table_of_phases_gives_the_timings() -> None:
    plan = document_of(TABLE_PLAN)
    assert [(t.label, t.minutes) for t in plan.timings] == [
        ("Warm-up tag", 10),
        ("Passing in threes", 15),
        ("Small games", 20),
    ]
    assert [w.term for w in plan.key_words] == ["pass", "space", "support"]


def test_evidence_stands_in_where_no_label_names_a_part() -> None:
    text = "Pupils explain rain in one sentence. At the end each pupil hands in a labelled sketch of a cloud."
    plan = document_of(text, measurable_objective=text[:36], exit_assessment=text[37:])
    assert [p.text for p in plan.objectives] == ["Pupils explain rain in one sentence."]
    assert plan.exit_question is not None
    assert plan.exit_question.text == text[37:]
    assert document_of(text).objectives == ()
    assert document_of(text).exit_question is None


@pytest.mark.parametrize(
    ("heading", "read"),
    [
        ("Starter (5 minutes)", (5, "Starter")),
        ("A. Hook – 10 Min.", (10, "Hook")),
        ("Practice [10–15 mins]", (15, "Practice")),
        ("9:50-10:15 Reading", (25, "Reading")),
        ("20-minute discussion", (20, "discussion")),
        ("2 minutes per pupil", None),
        ("Chapter 12", None),
        ("0 minutes", None),
    ],
)
def test_minutes_in_a_heading(heading: str, read: tuple[int, str] | None) -> None:
    found = minutes_in(heading)
    assert (found and (found[0], found[2])) == read


def test_of_headings_within_one_another_no_minute_counts_twice() -> None:
    outer = document_of("## Main (30 minutes)\n\n### Part (10 minutes)\n\nDo.\n\n## End (5 minutes)\n\nStop.")
    assert [t.minutes for t in outer.timings] == [30, 5]
    inner = document_of("## Main (30 minutes)\n\n### A (10 minutes)\n\nDo.\n\n### B (20 minutes)\n\nDo.")
    assert [t.minutes for t in inner.timings] == [10, 20]


def test_the_length_of_the_lesson_is_no_phase() -> None:
    text = "Total time: 60 minutes\n\nStarter: 5 minutes\n\nMain: 55 minutes\n\n- 3 minutes: tidy up"
    assert [t.label for t in document_of(text).timings] == ["Starter", "Main", "tidy up"]


def test_fields_before_the_plan_are_no_heading() -> None:
    plan = document_of("---\ntitle: Clouds\ntags: [a, b]\n---\n\n# Lesson\n\nPupils draw.")
    assert plan.title == "Clouds"
    assert [section.title for section in plan.sections] == ["", "Lesson"]


@settings(deadline=None)
@given(TEXTS)
def test_nothing_is_made_up(text: str) -> None:
    plan = document_of(text)
    own = set(words(text))
    shown = [p.text for p in (*plan.objectives, *plan.materials)] + [
        plan.exit_question.text if plan.exit_question else ""
    ]
    shown += [w.term + " " + w.meaning for w in plan.key_words] + [t.label for t in plan.timings]
    shown += [s.text for a in plan.activities for s in a.steps] + [a.title for a in plan.activities]
    assert all(set(words(one)) <= own for one in shown)
    spoken = [*plan.objectives, *plan.materials, *(s for a in plan.activities for s in a.steps)]
    assert all(0 <= p.start <= p.end <= len(text) for p in spoken)


@settings(deadline=None)
@given(TEXTS)
def test_every_line_is_in_exactly_one_block(text: str) -> None:
    blocks = document_of(text).blocks
    assert all(a.end <= b.start for a, b in itertools.pairwise(blocks))
    covered = {place for block in blocks for place in range(block.start, block.end)}
    for match in re.finditer(r"[^\W_]", text):
        inside = match.start() in covered
        line = text[: match.start()].rsplit("\n", 1)[-1]
        assert inside or line.lstrip().startswith(("```", "~~~"))


@pytest.mark.parametrize("name", PLANS)
def test_the_same_plan_gives_the_same_document(name: str) -> None:
    assert document_of(PLANS[name]) == document_of(PLANS[name])
