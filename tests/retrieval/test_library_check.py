from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import SUBJECTS, LessonTemplate, TemplateLibrary
from retrieval.library_check import (
    AGE_BANDS,
    MAX_LIX,
    MAX_OVERLAP,
    counts_table,
    library_problems,
    lix,
    overlap,
    with_counts,
)

SHIPPED = TemplateLibrary.shipped()
PAGE = Path(__file__).parents[2] / "docs" / "templates.md"
SOUND: dict[str, Any] = {
    "id": "quick-quiz",
    "title": "Quick quiz",
    "summary": "Pupils answer two questions, so the teacher sees what they hold.",
    "text": "At the end each pupil answers two new questions on {topic} alone in {minutes} minutes, "
    "with a reason for each, and hands the sheet in at the door.",
    "steps": ["Ask.", "Wait.", "Collect."],
    "minutes": 5,
    "subjects": ["any"],
    "grades": {"from": 3, "to": 6},
    "measures": ["exit_assessment"],
    "placement": "end",
    "materials": ["paper"],
    "keywords": ["quiz"],
    "licence": "CC BY 4.0",
}


def library_of(*rows: dict[str, Any]) -> TemplateLibrary:
    return TemplateLibrary(LessonTemplate.model_validate(row) for row in rows)


def test_the_shipped_library_is_sound() -> None:
    assert library_problems(SHIPPED) == []


def test_every_measure_has_fifteen_repairs_that_are_for_it_first() -> None:
    first = Counter(template.measures[0] for template in SHIPPED.values() if template.kind == "repair")
    assert {key: first[key] for key in MEASURES if first[key] < 15} == {}


def test_every_subject_has_templates_made_for_it() -> None:
    made = Counter(name for template in SHIPPED.values() for name in template.subjects)
    alone = Counter(template.subjects[0] for template in SHIPPED.values() if len(template.subjects) == 1)
    assert {name: made[name] for name in SUBJECTS if made[name] < 15} == {}
    assert {name: alone[name] for name in SUBJECTS if alone[name] < 6} == {}


def test_there_are_enough_templates_of_both_kinds_for_every_age_band() -> None:
    kinds = Counter(template.kind for template in SHIPPED.values())
    assert len(SHIPPED) >= 260
    assert kinds["lesson"] >= 40
    for name, band in AGE_BANDS.items():
        served = Counter(t.kind for t in SHIPPED.values() if any(grade in t.grades for grade in band))
        assert served["repair"] >= 25, name
        assert served["lesson"] >= 5, name


def test_every_measure_and_band_has_a_repair_for_any_subject() -> None:
    missing = [
        (key, name)
        for key in MEASURES
        for name, band in AGE_BANDS.items()
        if not any(
            key in t.measures and "any" in t.subjects and t.kind == "repair" and any(g in t.grades for g in band)
            for t in SHIPPED.values()
        )
    ]
    assert missing == []


def test_a_lesson_tells_the_length_of_its_phases() -> None:
    timed = [t for t in SHIPPED.values() if t.kind == "lesson" and sum("min)" in step for step in t.steps) >= 3]
    lessons = [t for t in SHIPPED.values() if t.kind == "lesson"]
    assert len(timed) >= 0.85 * len(lessons)
    for template in timed:
        spent = sum(int(found) for step in template.steps for found in re.findall(r"\((\d+) min\)", step))
        assert spent <= template.minutes, template.id


def test_the_page_holds_the_counts_of_the_shipped_library() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_counts(page, SHIPPED) == page


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"text": "Pupils answer on {topic} in {minutes} minutes."}, "words of text"),
    ({"steps": ["One.", "Two."]}, "steps"),
    ({"title": "Quiz"}, "words of title"),
    ({"text": SOUND["text"].replace("pupil", "learner")}, "'learner'"),
    ({"steps": ["Ask.", "Wait.", "Let students write."]}, "'students'"),
    ({"title": "A quiz you must pass"}, "'must'"),
    ({"minutes": 0}, "minutes"),
    ({"text": SOUND["text"].replace("in {minutes} minutes, ", "and ")}, "minutes"),
    ({"keywords": []}, "keywords"),
    ({"measures": ["pacing_and_materials"]}, "durations"),
    ({"measures": ["pacing_and_materials"], "materials": []}, "materials"),
    (
        {
            "text": "Simultaneously differentiated metacognitive considerations regarding {topic} throughout "
            "{minutes} minutes necessitate comprehensive interdisciplinary documentation alongside "
            "systematically operationalised assessment opportunities everywhere"
        },
        "hard to read",
    ),
]


@pytest.mark.parametrize(("change", "named"), CHANGES)
def test_a_problem_names_the_template_and_the_fault(change: dict[str, Any], named: str) -> None:
    problems = library_problems(library_of(SOUND | change))
    assert any(problem.startswith("quick-quiz ") and named in problem for problem in problems)


def test_a_sound_library_has_no_problem() -> None:
    assert library_problems(library_of(SOUND)) == []


def test_near_duplicates_and_shared_titles_are_named() -> None:
    copy = SOUND | {"id": "copy", "text": SOUND["text"].replace("at the door", "by the desk")}
    assert [line.split(";")[0].split(" of its")[0] for line in library_problems(library_of(SOUND, copy))] == [
        "copy has the title of quick-quiz",
        f"copy shares {overlap(SOUND['text'], copy['text']):.0%}",
    ]


@given(st.text(alphabet="ab c", max_size=60), st.text(alphabet="ab c", max_size=60))
def test_overlap_is_a_similarity(first: str, second: str) -> None:
    assert overlap(first, second) == overlap(second, first)
    assert 0.0 <= overlap(first, second) <= 1.0
    assert overlap(first, first) in (0.0, 1.0)


def test_overlap_ignores_slots_case_and_marks_and_is_nought_without_trigrams() -> None:
    assert overlap("Pupils write {topic} two lines.", "pupils, write two LINES") == 1.0
    assert overlap("one two", "one two") == 0.0
    assert overlap("a b c d", "a b c e") == pytest.approx(1 / 3)
    assert MAX_OVERLAP < 1 / 3


def test_lix_follows_its_formula() -> None:
    assert lix("") == 0.0
    assert lix("The cat sat. It slept.") == pytest.approx(5 / 2)
    assert lix("Everybody photographs; nobody sleeps.") == pytest.approx(4 / 2 + 100 * 2 / 4)
    assert lix("one two three: four") == pytest.approx(2.0)
    assert MAX_LIX < 60


def test_counts_name_every_measure_subject_and_band() -> None:
    lesson = SOUND | {"id": "whole", "kind": "lesson", "subjects": ["music"], "grades": {"from": 13, "to": 13}}
    table = counts_table(library_of(SOUND, lesson)).splitlines()
    assert "| `exit_assessment` | 1 | 1 | 2 |" in table
    assert "| `music` | 0 | 1 | 1 |" in table
    assert "| `any` | 1 | 0 | 1 |" in table
    assert "| adult | 0 | 1 | 1 |" in table
    assert "| lower secondary | 1 | 0 | 1 |" in table
    assert table[-1] == "| all | 1 | 1 | 2 |"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(InputError, match="end of counts"):
        with_counts("# Page", SHIPPED)


def test_the_command_writes_the_counts_once(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- counts -->\nold\n<!-- end of counts -->\nafter\n", encoding="utf-8")
    command = [sys.executable, "-m", "retrieval.library_check", str(page)]
    subprocess.run(command, check=True, cwd=PAGE.parents[1])
    once = page.read_text(encoding="utf-8")
    subprocess.run(command, check=True, cwd=PAGE.parents[1])
    assert page.read_text(encoding="utf-8") == once
    assert counts_table(SHIPPED) in once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
