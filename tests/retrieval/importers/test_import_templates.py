"""Templates from CSV, Markdown and JSON lines equal the same template in the library's own form."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mtl_core.errors import InputError
from retrieval import LessonTemplate, TemplateLibrary
from retrieval.importers import read_templates

MARKDOWN = """---
title: Two questions
summary: Pupils answer two questions.
minutes: 5
subjects: any
grades: K-8
measures: [exit_assessment]
placement: end
keywords: [quiz, exit]
licence: CC BY 4.0
---

# A heading that is not the text

Each pupil answers two questions
on {topic} in writing.

## Steps

1. Ask.
2. Collect.

## Materials

- slips of paper
"""
EXPECTED = {
    "id": "two-questions",
    "title": "Two questions",
    "summary": "Pupils answer two questions.",
    "text": "Each pupil answers two questions on {topic} in writing.",
    "steps": ["Ask.", "Collect."],
    "minutes": 5,
    "subjects": ["any"],
    "grades": {"from": 0, "to": 8},
    "measures": ["exit_assessment"],
    "placement": "end",
    "materials": ["slips of paper"],
    "keywords": ["quiz", "exit"],
    "licence": "CC BY 4.0",
}


def table(path: Path, row: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, row)
        writer.writeheader()
        writer.writerow(row)
    return path


def cells(**changes: str) -> dict[str, str]:
    row = {name: "|".join(value) if isinstance(value, list) else str(value) for name, value in EXPECTED.items()}
    return row | {"grades": "0-8"} | changes


def test_markdown(tmp_path: Path) -> None:
    (tmp_path / "two-questions.md").write_text(MARKDOWN, encoding="utf-8")
    expected = LessonTemplate.model_validate(EXPECTED)
    assert list(read_templates(tmp_path)) == [expected]
    assert list(read_templates(tmp_path / "two-questions.md")) == [expected]


def test_a_table(tmp_path: Path) -> None:
    expected = LessonTemplate.model_validate(EXPECTED)
    assert list(read_templates(table(tmp_path / "a.csv", cells()))) == [expected]
    ends = {name: value for name, value in cells().items() if name != "grades"} | {"grades_from": "0", "grades_to": "8"}
    assert list(read_templates(table(tmp_path / "b.csv", ends))) == [expected]
    other = cells(steps="Ask.;Collect.", keywords="quiz;exit")
    assert list(read_templates(table(tmp_path / "c.csv", other), separator=";")) == [expected]


def test_json_lines_equal_the_librarys_own_reader(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(LessonTemplate.model_validate(EXPECTED).model_dump_json(by_alias=True) + "\n", encoding="utf-8")
    assert list(read_templates(path)) == list(TemplateLibrary.from_jsonl(path).values())


@pytest.mark.parametrize("grades", ["K-5", "3 to 8", "7", "3–8"])
def test_grades_as_written(tmp_path: Path, grades: str) -> None:
    (template,) = read_templates(table(tmp_path / "a.csv", cells(grades=grades)))
    assert template.grades.lowest == {"K-5": 0, "3 to 8": 3, "7": 7, "3–8": 3}[grades]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"grades": "young"}, r"a\.csv:2: the grades are 'young'"),
        ({"grades": "8-3"}, r"a\.csv:2: grades: .*from \(8\) is above to \(3\)"),
        ({"measures": "fun"}, r"a\.csv:2: measures: .*unknown measure 'fun'"),
        ({"minutes": "few"}, r"a\.csv:2: minutes: "),
        ({"text": "No slot."}, r"a\.csv:2: .*text has no \{topic\} slot"),
        ({"licence": ""}, r"a\.csv:2: licence: Field required"),
        ({"tittle": "x"}, r"a\.csv:2: there is no template field 'tittle'.*Did you mean 'title'\?"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_templates(table(tmp_path / "a.csv", cells(**changes))))


def test_a_wrong_markdown_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("Text on {topic}.", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.md has no front matter"):
        list(read_templates(path))
    path.write_text(MARKDOWN.replace("placement", "place"), encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.md: there is no template field 'place'.*Did you mean 'placement'\?"):
        list(read_templates(path))
    path.write_text(MARKDOWN.replace("placement: end\n", ""), encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.md: placement: Field required"):
        list(read_templates(path))


def test_other_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_templates(tmp_path / "none.csv")
    with pytest.raises(InputError, match="holds no Markdown"):
        read_templates(tmp_path)
    (tmp_path / "a.xlsx").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="is no JSON-lines, CSV, TSV or Markdown file"):
        read_templates(tmp_path / "a.xlsx")
