from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chatbot.insertion import Insertion, insert, place_for
from mtl_core.segments import segment_document
from retrieval.templates import Placement

PLACEMENTS = get_args(Placement)

PLAN = """# Rivers

Year 4, geography

## Learning objectives

- Pupils name three parts of a river.

## Resources

Maps and pens.

## Starter

Pupils recall two capitals.

## Teacher input

The teacher draws a river.

| Step | Who |
| --- | --- |
| 1 | pairs |
| 2 | all |

## Independent practice

Pupils label a map.

## Plenary

Pupils sing.
"""


def added(text: str, placement: Placement, addition: str = "**New.** Pupils write.") -> Insertion:
    return insert(text, addition, at=place_for(placement, text, segment_document(text)))


def assert_only_added(text: str, addition: str, change: Insertion) -> None:
    """The addition and blank lines around it are all that was put in."""
    newline = "\r\n" if "\r\n" in text else "\n"
    block = change.text[change.start : change.end]
    assert block == newline.join(addition.strip().splitlines())
    before, after = change.text[: change.start], change.text[change.end :]
    kept = [
        before[: len(before) - lead] + after[tail:]
        for lead in range(5)
        for tail in range(5)
        if before[len(before) - lead :].strip("\r\n") == "" and after[:tail].strip("\r\n") == ""
    ]
    assert text in kept


# A new text is made from pieces, so that blank lines, tables, headings and odd newlines meet in every order.
pieces = st.sampled_from(
    [
        "# Title",
        "## Starter",
        "## Main activity",
        "**Plenary**",
        "Objectives:",
        "Pupils write two sentences. They swap.",
        "- Pupils name a river.",
        "| a | b |",
        "| --- | --- |",
        "",
        "  ",
        "\t",
    ]
)


@st.composite
def plans(draw: st.DrawFn) -> str:
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(pieces, min_size=1, max_size=12))
    text = newline.join(lines) + draw(st.sampled_from(["", newline, newline * 2]))
    assume(text.strip())
    return text


additions = st.text(alphabet="ab é{}|#\n\r", min_size=1, max_size=30).filter(str.strip)


@settings(deadline=None, max_examples=300)
@given(plans(), st.sampled_from(PLACEMENTS), additions)
def test_an_addition_removes_nothing(text: str, placement: Placement, addition: str) -> None:
    at = place_for(placement, text, segment_document(text))
    assert at == len(text) or text[:at].endswith("\n") or at == 0
    change = insert(text, addition, at=at)
    assert_only_added(text, addition, change)
    assert change.text.startswith(text[:at])
    assert change.text.endswith(text[at:])


@settings(deadline=None)
@given(plans(), st.sampled_from(PLACEMENTS), additions)
def test_an_addition_stands_alone_between_blank_lines(text: str, placement: Placement, addition: str) -> None:
    change = added(text, placement, addition)
    before = change.text[: change.start].replace("\r\n", "\n")
    after = change.text[change.end :].replace("\r\n", "\n")
    assert not before.strip() or before.endswith("\n\n")
    assert after.startswith("\n\n") or not after.strip()
    assert after.startswith("\n")


@settings(deadline=None)
@given(plans().filter(lambda text: "\r\n" in text), st.sampled_from(PLACEMENTS), additions)
def test_crlf_is_kept_and_used(text: str, placement: Placement, addition: str) -> None:
    change = added(text, placement, addition)
    assert "\n" not in change.text.replace("\r\n", "")


@settings(deadline=None)
@given(plans(), st.sampled_from(PLACEMENTS))
@example("| a | b |\n| --- | --- |\n| a | b |", "start")
@example("# Title\n| a | b |\r\n| --- | --- |\r\n| a | b |\r\n", "objectives")
def test_never_inside_a_table(text: str, placement: Placement) -> None:
    at = place_for(placement, text, segment_document(text))
    above, below = text[:at].splitlines()[-1:], text[at:].splitlines()[:1]
    torn = [line.lstrip().startswith("|") for line in (*above, *below)]
    assert torn != [True, True], "two rows of one table were torn apart"


@pytest.mark.parametrize("placement", PLACEMENTS)
@pytest.mark.parametrize(
    "table",
    [
        "| Time | Activity |\n| --- | --- |\n| 5 | Starter |\n| 10 | Practice |",
        "  | Time | Activity |\n  | --- | --- |\n  | 5 | Starter |\n  | 10 | Practice |",
        "Time | Activity | Materials\n--- | --- | ---\n5 | Starter | pens\n10 | Practice | paper",
    ],
)
@pytest.mark.parametrize("head", ["", "# Rivers\n", "# Rivers\n\n## Main activity\n", "Rivers and the sea.\n\n"])
def test_the_rows_of_a_table_stay_together(placement: Placement, table: str, head: str) -> None:
    text = f"{head}{table}\n\nThe class tidies up.\n"
    assert table in added(text, placement).text


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_a_wrapped_sentence_is_never_torn_apart(placement: Placement) -> None:
    paragraph = (
        "This is a lesson on rivers for the whole class. Pupils write down what they know about\n"
        "rivers and lakes before they look at the map of the country on the wall."
    )
    text = f"{paragraph}\n\nThe class tidies up.\n"
    assert paragraph in added(text, placement).text


@pytest.mark.parametrize(
    ("placement", "above", "below"),
    [
        ("objectives", "- Pupils name three parts of a river.", "## Resources"),
        ("materials", "Maps and pens.", "## Starter"),
        ("start", "Pupils recall two capitals.", "## Teacher input"),
        ("before_practice", "| 2 | all |", "## Independent practice"),
        ("practice", "Pupils label a map.", "## Plenary"),
        ("during", "Pupils label a map.", "## Plenary"),
        ("end", "Pupils sing.", ""),
        ("after", "Pupils sing.", ""),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_addition_stands_below_the_right_heading(placement: Placement, above: str, below: str, newline: str) -> None:
    change = added(PLAN.replace("\n", newline), placement)
    before = change.text[: change.start].split()
    after = change.text[change.end :].split()
    assert before[-len(above.split()) :] == above.split()
    assert after[: len(below.split())] == below.split()


@pytest.mark.parametrize("placement", ["objectives", "materials", "start", "before_practice"])
def test_without_a_heading_an_early_phase_goes_below_the_title(placement: Placement) -> None:
    text = "# Rivers\n\nPupils name a river.\n"
    assert added(text, placement, "ADDED").text == "# Rivers\n\nADDED\n\nPupils name a river.\n"


@pytest.mark.parametrize("placement", ["during", "practice", "end", "after"])
def test_without_a_heading_a_late_phase_goes_to_the_end(placement: Placement) -> None:
    assert added("# Rivers\n\nPupils read.", placement, "ADDED").text == "# Rivers\n\nPupils read.\n\nADDED\n"


def test_where_an_addition_stands_is_told() -> None:
    change = insert("a\n", "  one\ntwo \n", at=2)
    assert change.text == "a\n\none\ntwo\n"
    assert change.text[change.start : change.end] == "one\ntwo"
