from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import SUBJECTS, LessonTemplate, TemplateLibrary

VALID: dict[str, Any] = {
    "id": "quick-quiz",
    "title": "Quick quiz",
    "summary": "Pupils answer two questions.",
    "text": "Pupils answer two questions on {topic} in {minutes} minutes.",
    "steps": ["Ask.", "Collect."],
    "minutes": 5,
    "subjects": ["science"],
    "grades": {"from": 3, "to": 6},
    "measures": ["exit_assessment"],
    "placement": "end",
    "kind": "repair",
    "materials": ["paper"],
    "keywords": ["quiz"],
    "licence": "CC BY 4.0",
}


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def shipped() -> TemplateLibrary:
    return TemplateLibrary.shipped()


def test_the_shipped_library_serves_every_measure(shipped: TemplateLibrary) -> None:
    by_first = Counter(template.measures[0] for template in shipped.values())
    assert len(shipped) >= 84
    assert {key: by_first[key] for key in MEASURES if by_first[key] < 6} == {}


def test_shipped_ids_and_titles_are_unique(shipped: TemplateLibrary) -> None:
    assert len(set(shipped.ids)) == len(shipped)
    titles = Counter(template.title.casefold() for template in shipped.values())
    assert [title for title, times in titles.items() if times > 1] == []


def test_shipped_texts_hold_only_known_slots(shipped: TemplateLibrary) -> None:
    for template in shipped.values():
        whole = json.dumps(template.model_dump(mode="json", exclude={"grades"}, exclude_none=True))[1:-1]
        assert set(re.findall(r"\{(\w*)\}", whole)) <= {"topic", "grade", "minutes"}, template.id
        assert "{" not in re.sub(r"\{(?:topic|grade|minutes)\}", "", template.text), template.id


def test_shipped_templates_are_ready_to_use(shipped: TemplateLibrary) -> None:
    for template in shipped.values():
        assert template.licence.strip(), template.id
        assert len(set(template.measures)) == len(template.measures), template.id
        assert "{minutes}" not in template.text or template.minutes > 0, f"{template.id} would say 0 minutes"
        assert "  " not in template.text, template.id
        assert template.text == template.text.strip(), template.id


def test_shipped_templates_for_any_subject_serve_every_grade_and_measure(shipped: TemplateLibrary) -> None:
    missing = [
        (key, grade)
        for key in MEASURES
        for grade in range(14)
        if not any(key in t.measures and grade in t.grades for t in shipped.values())
    ]
    assert missing == []


def test_a_valid_line_is_read(tmp_path: Path) -> None:
    library = TemplateLibrary.from_jsonl(write_lines(tmp_path / "mine.jsonl", VALID))
    template = library["quick-quiz"]
    assert library.ids == ("quick-quiz",)
    assert template.model_dump(by_alias=True, mode="json") == VALID
    assert (3 in template.grades, 6 in template.grades, 2 in template.grades, 7 in template.grades) == (
        True,
        True,
        False,
        False,
    )
    assert (template.suits("science"), template.suits("music")) == (True, False)


def test_a_line_of_an_older_library_is_a_repair(tmp_path: Path) -> None:
    older = {key: value for key, value in VALID.items() if key != "kind"}
    lesson = VALID | {"id": "whole-lesson", "kind": "lesson"}
    library = TemplateLibrary.from_jsonl(write_lines(tmp_path / "older.jsonl", older, lesson))
    assert [template.kind for template in library.values()] == ["repair", "lesson"]


def test_the_search_text_holds_no_slot() -> None:
    template = LessonTemplate.model_validate(VALID)
    assert template.search_text == (
        "Quick quiz. Pupils answer two questions. Pupils answer two questions on in minutes. quiz"
    )


def test_any_subject_suits_every_subject() -> None:
    template = LessonTemplate.model_validate(VALID | {"subjects": ["any"]})
    assert all(template.suits(subject) for subject in SUBJECTS)


VIOLATIONS: list[tuple[dict[str, Any], str]] = [
    ({"id": "Quick Quiz"}, "id"),
    ({"id": "quick--quiz"}, "id"),
    ({"id": "a" * 81}, "id"),
    ({"id": ""}, "id"),
    ({"title": "ab"}, "title"),
    ({"title": "a" * 81}, "title"),
    ({"summary": ""}, "summary"),
    ({"text": ""}, "text"),
    ({"text": f"{{topic}} {'a' * 600}"}, "text"),
    ({"text": "No slot at all."}, "{topic}"),
    ({"text": "On {topic} with {colour}."}, "{colour}"),
    ({"summary": "On {colour}."}, "{colour}"),
    ({"steps": ["On {colour}."]}, "{colour}"),
    ({"title": "On {colour}"}, "{colour}"),
    ({"steps": []}, "steps"),
    ({"steps": ["a"] * 9}, "steps"),
    ({"steps": [""]}, "steps"),
    ({"minutes": -1}, "minutes"),
    ({"minutes": 241}, "minutes"),
    ({"minutes": "soon"}, "minutes"),
    ({"subjects": []}, "subjects"),
    ({"subjects": ["alchemy"]}, "alchemy"),
    ({"grades": {"from": 5, "to": 3}}, "above"),
    ({"grades": {"from": -1, "to": 3}}, "grades"),
    ({"grades": {"from": 1, "to": 14}}, "grades"),
    ({"grades": {"from": 1}}, "grades"),
    ({"grades": {"from": 1, "to": 2, "mid": 1}}, "grades"),
    ({"measures": []}, "measures"),
    ({"measures": ["fun"]}, "fun"),
    ({"placement": "anywhere"}, "placement"),
    ({"kind": "course"}, "kind"),
    ({"licence": ""}, "licence"),
    ({"materials": [""]}, "materials"),
    ({"colour": "red"}, "colour"),
]


@pytest.mark.parametrize(("change", "named"), VIOLATIONS)
def test_a_violation_names_file_line_and_field(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = write_lines(tmp_path / "mine.jsonl", VALID, VALID | {"id": "another"} | change)
    with pytest.raises(InputError) as refused:
        TemplateLibrary.from_jsonl(path)
    message = str(refused.value)
    assert message.startswith(f"{path}, line 2: ")
    assert named in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "field",
    ["id", "title", "summary", "text", "steps", "minutes", "subjects", "grades", "measures", "placement", "licence"],
)
def test_a_missing_field_is_named(tmp_path: Path, field: str) -> None:
    path = write_lines(tmp_path / "mine.jsonl", {key: value for key, value in VALID.items() if key != field})
    with pytest.raises(InputError, match=rf"mine\.jsonl, line 1: {field}: "):
        TemplateLibrary.from_jsonl(path)


@pytest.mark.parametrize("line", ["{", "[]", "null", '"text"', "not json at all", "{'id': 1}"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"\n{json.dumps(VALID)}\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"mine\.jsonl, line 3: "):
        TemplateLibrary.from_jsonl(path)


def test_a_mark_and_empty_lines_and_crlf_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rows = [json.dumps(VALID), "", "   ", json.dumps(VALID | {"id": "second"}), ""]
    path.write_bytes("\r\n".join(rows).encode("utf-8-sig"))
    assert TemplateLibrary.from_jsonl(path).ids == ("quick-quiz", "second")


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_line_separator_inside_a_json_text_is_kept(tmp_path: Path, mark: str) -> None:
    # JSON lines end with a newline alone; these characters may stand unescaped inside a JSON text
    path = tmp_path / "mine.jsonl"
    text = f"Pupils answer{mark}two questions on {{topic}}."
    path.write_text(json.dumps(VALID | {"text": text}, ensure_ascii=False) + "\n", encoding="utf-8")
    assert TemplateLibrary.from_jsonl(path)["quick-quiz"].text == text


def test_a_repeated_id_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "mine.jsonl", VALID, VALID)
    with pytest.raises(InputError, match=r"'quick-quiz'.*its own"):
        TemplateLibrary.from_jsonl(path)


def test_a_missing_file_a_folder_and_another_encoding_are_refused(tmp_path: Path) -> None:
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": "caf\xe9"}')
    for path in (tmp_path / "none.jsonl", tmp_path, latin):
        with pytest.raises(InputError, match="cannot be read as UTF-8 text") as refused:
            TemplateLibrary.from_jsonl(path)
        assert str(path) in str(refused.value)


def test_templates_cannot_be_changed() -> None:
    template = LessonTemplate.model_validate(VALID)
    with pytest.raises(ValueError, match="frozen"):
        template.title = "Other"
    with pytest.raises(ValueError, match="frozen"):
        template.grades.lowest = 0
