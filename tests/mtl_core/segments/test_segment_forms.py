"""Headings, bullets, tables and fences are known by their form."""

from __future__ import annotations

import pytest

from mtl_core.segments import segment_document
from tests.mtl_core.segments.segment_texts import BULLET, HEADING, ROW, SENTENCE, contents, kinds


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("# Objective", "Objective"),
        ("###### Plenary ######", "Plenary"),
        ("#Objective", "Objective"),
        ("**Starter activity**", "Starter activity"),
        ("__Starter__:", "Starter"),
        ("Objective\n=========", "Objective"),
        ("Objective and aims\n---", "Objective and aims"),
        ("LEARNING OBJECTIVES", "LEARNING OBJECTIVES"),
        ("Success criteria:", "Success criteria"),
        ("3. Guided Practice", "Guided Practice"),
        ("IV. Closing Task", "IV. Closing Task"),
        ("- **Materials:**", "Materials"),
    ],
)
def test_headings_of_every_form_stand_above_what_follows(line: str, heading: str) -> None:
    segments = segment_document(f"{line}\n\nPupils solve three sums on a card.\n")
    assert [segment.kind for segment in segments] == [HEADING, SENTENCE]
    assert segments[1].heading == heading
    assert segments[0].heading == ""


@pytest.mark.parametrize(
    "line",
    [
        "Pupils solve three sums on a card.",
        "#",
        "What is a fraction?",
        "**Pupils solve the sums and then they compare answers with a partner.**",
        "3. pupils write a sentence with each of the words",
        "Objective: pupils order fractions by size and explain the order to a partner:",
        "1.5 litres of water",
    ],
)
def test_a_sentence_is_no_heading(line: str) -> None:
    assert HEADING not in kinds(line)


@pytest.mark.parametrize(
    "mark", ["-", "*", "+", "•", "◦", "–", "→", "☐", "1.", "12)", "(3)", "a)", "(b)", "[ ]", "[x]"]
)
def test_bullet_marks_are_no_part_of_the_quote(mark: str) -> None:
    segments = segment_document(f"{mark} pupils write two sums\n  {mark}\tpupils share answers")
    assert [(s.text, s.kind) for s in segments] == [
        ("pupils write two sums", BULLET),
        ("pupils share answers", BULLET),
    ]


def test_a_bullet_goes_on_in_the_next_line_when_it_is_plainly_not_over() -> None:
    assert contents("- Pupils write two sums and\n  compare them with a partner\n- Exit card") == [
        "Pupils write two sums and\n  compare them with a partner",
        "Exit card",
    ]


def test_a_table_gives_one_segment_a_row_and_none_for_its_rule() -> None:
    text = "| Part | What |\n|---|:---:|\n| Starter (5 min) | Recall. Then write. |\n"
    segments = segment_document(text)
    assert [s.text for s in segments] == ["| Part | What |", "| Starter (5 min) | Recall. Then write. |"]
    assert {s.kind for s in segments} == {ROW}


def test_fence_lines_are_dropped_and_what_is_between_is_kept() -> None:
    segments = segment_document("Code the robot.\n```python\nforward(10) then turn(90)\n```\nNow run it.\n")
    assert [s.text for s in segments] == ["Code the robot.", "forward(10) then turn(90)", "Now run it."]
