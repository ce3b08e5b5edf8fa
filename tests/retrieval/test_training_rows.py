from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtl_core.training.corpus import SHIPPED_CORPUS, SegmentRow
from retrieval import SUBJECTS, TemplateLibrary
from retrieval.training_rows import main, template_rows

SHIPPED = TemplateLibrary.shipped()
ROWS = list(template_rows(SHIPPED))


def test_the_shipped_rows_are_those_of_the_shipped_library() -> None:
    lines = (SHIPPED_CORPUS / "segments" / "templates.jsonl").read_text(encoding="utf-8").splitlines()
    assert [SegmentRow.model_validate_json(line) for line in lines] == ROWS


def test_every_repair_gives_rows_and_no_lesson_does() -> None:
    of_rows = {row.id.removeprefix("template-").rsplit("-", 1)[0] for row in ROWS}
    assert of_rows == {template.id for template in SHIPPED.values() if template.kind == "repair"}


def test_rows_carry_the_labels_of_their_template_and_no_slot() -> None:
    for row in ROWS:
        template = SHIPPED[row.id.removeprefix("template-").rsplit("-", 1)[0]]
        assert row.measures == template.measures
        assert row.measure == template.measures[0]
        assert row.polarity == "present"
        assert "{" not in row.text
        assert 8 <= len(row.text.split()) <= 60
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_row_speaks_of_a_topic_of_its_subject(subject: str) -> None:
    text = "At the end pupils write one sentence that explains {topic} and hand it in at the door."
    template = next(iter(SHIPPED.values())).model_copy(update={"subjects": (subject,), "text": text})
    (row,) = template_rows(TemplateLibrary([template]))
    other = template.model_copy(update={"subjects": ("any",)})
    (plain,) = template_rows(TemplateLibrary([other]))
    assert row.text != plain.text
    assert (row.subject, plain.subject) == (subject, "other")


def test_the_command_writes_a_row_a_line(tmp_path: Path) -> None:
    output = tmp_path / "rows.jsonl"
    main(output)
    assert [json.loads(line)["id"] for line in output.read_text(encoding="utf-8").splitlines()] == [
        row.id for row in ROWS
    ]
