"""A document cut into segments."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mtl_core.encoder import SharedEncoder
from mtl_core.segments import Segment, SegmentKind, segment_document
from mtl_core.training.corpus import SHIPPED_CORPUS

HEADING, SENTENCE, BULLET, ROW = SegmentKind.HEADING, SegmentKind.SENTENCE, SegmentKind.BULLET, SegmentKind.ROW

PIECES = st.sampled_from(
    [
        *(
            "Pupils",
            "solve",
            "three",
            "e.g.",
            "Mr.",
            "10",
            "min.",
            "A.",
            "STARTER",
            "café",
            "Ωmega",
            "教案",
            "_",
            "x_y",
        ),
        *("work.", "why?", "go!", "end…", "list:", "one;", "two,", "“quoted.”", "(see p. 4)", "**bold**", "~~~", "```"),
        *(
            "|",
            "||",
            "#",
            "##",
            "-",
            "–",
            "•",
            "1.",
            "2)",
            "(a)",
            "[x]",
            "☐",
            "IV.",
            "---",
            "===",
            "___",
            "…",
            "\u200b",
        ),
    ]
)
SPACES = st.sampled_from([" ", " ", " ", "  ", "\t", "\u00a0"])
LINES = st.lists(st.tuples(PIECES, SPACES), max_size=14).map(lambda parts: "".join(a + b for a, b in parts))
ENDS = st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
DOCUMENTS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda parts: "".join(a + b for a, b in parts))
TEXTS = st.one_of(DOCUMENTS, st.text(max_size=200), st.text(alphabet=" \t\r\n#-*1a.A|:_`~", max_size=60))

MARK = re.compile(r"\s*(?:\d{1,3}[.)]|\(\w{1,3}[.)]|[a-zA-Z][.)]|\[[ xX]\])\s")
FENCE = re.compile(r"[ \t]*(?:```|~~~)")


def contents(text: str) -> list[str]:
    return [segment.text for segment in segment_document(text)]


def kinds(text: str) -> list[SegmentKind]:
    return [segment.kind for segment in segment_document(text)]


@settings(deadline=None, max_examples=300)
@given(TEXTS)
def test_offsets_are_exact_ordered_and_never_overlap(text: str) -> None:
    segments = segment_document(text)
    assert all(text[segment.start : segment.end] == segment.text for segment in segments)
    assert all(segment.text == segment.text.strip() != "" for segment in segments)
    assert all(before.end <= after.start for before, after in pairwise(segments))


@settings(deadline=None, max_examples=300)
@given(TEXTS)
@example("A. -")
@example("1. !!!\n---")
def test_every_segment_holds_a_word_character(text: str) -> None:
    assert all(re.search(r"\w", segment.text) for segment in segment_document(text))


@pytest.mark.parametrize("text", ["---", "***\n", "- - -", "===", "|---|:--:|", "…", "?!", "•", "\n \t\n", "", "___"])
def test_lines_without_a_letter_or_digit_give_no_segment(text: str) -> None:
    assert segment_document(text) == []


@settings(deadline=None, max_examples=300)
@given(TEXTS)
@example("1. (a) [x] real\n```\ncode\n~~~ info\n")
def test_every_letter_and_digit_is_in_a_segment_or_a_bullet_mark_or_a_fence(text: str) -> None:
    inside = bytearray(len(text))
    for segment in segment_document(text):
        for offset in range(segment.start, segment.end):
            inside[offset] += 1
    assert max(inside, default=0) <= 1
    position = 0
    for line in text.splitlines(keepends=True):
        mark = MARK.match(line)
        bare = len(line) if FENCE.match(line) else mark.end() if mark else 0
        lost = [c for offset, c in enumerate(line) if c.isalnum() and not inside[position + offset] and offset >= bare]
        assert not lost, (line, lost)
        position += len(line)


@settings(deadline=None, max_examples=200)
@given(TEXTS, st.integers(8, 60))
def test_no_segment_but_a_heading_is_longer_than_the_bound(text: str, bound: int) -> None:
    segments = segment_document(text, max_words=bound)
    assert all(len(segment.text.split()) <= bound for segment in segments if segment.kind is not HEADING)


@pytest.mark.parametrize("bound", [8, 60])
def test_a_line_of_many_words_after_a_hash_is_cut_as_well(bound: int) -> None:
    segments = segment_document("# " + "word " * 300, max_words=bound)
    assert max(len(segment.text.split()) for segment in segments) <= bound


@settings(deadline=None, max_examples=200)
@given(TEXTS)
def test_the_heading_of_a_segment_is_the_nearest_one_above(text: str) -> None:
    above = ""
    for segment in segment_document(text):
        if segment.kind is HEADING:
            assert segment.heading == ""
            above = segment.text
        else:
            assert segment.heading in above
            assert segment.heading or not re.search(r"[^\W_]", above)


@settings(deadline=None, max_examples=200)
@given(st.lists(LINES, max_size=12).map("\n".join))
def test_windows_line_ends_change_nothing_but_offsets(text: str) -> None:
    windows = segment_document(text.replace("\n", "\r\n"))
    seen = [(s.text.replace("\r\n", "\n"), s.kind, s.heading) for s in windows]
    assert seen == [(s.text, s.kind, s.heading) for s in segment_document(text)]


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


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_hard_wrapped_lines_are_one_sentence(end: str) -> None:
    first = f"Pupils solve the ten problems on the sheet in pairs and{end}Amina shows her working on the board."
    assert contents(f"{first} Then they stop.") == [first, "Then they stop."]


def test_short_lines_that_are_complete_are_not_joined() -> None:
    assert contents("Grade 4 science\nTime 45 minutes\nThe water cycle") == [
        "Grade 4 science",
        "Time 45 minutes",
        "The water cycle",
    ]


def test_an_empty_line_ends_a_passage() -> None:
    assert contents("Pupils solve the ten problems on the sheet in pairs and\n\nthen they stop") == [
        "Pupils solve the ten problems on the sheet in pairs and",
        "then they stop",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Use counters, e.g. Numicon or cubes, for every child.",
        "Ask Mr. Smith for the key.",
        "Work for approx. 10 minutes.",
        "Read pp. 12 to 14 aloud.",
        "The U.S. Constitution was signed in 1787.",
        "Measure 2.5 litres.",
    ],
)
def test_abbreviations_and_decimals_end_no_sentence(text: str) -> None:
    assert contents(text) == [text]


def test_sentences_are_cut_after_their_marks_and_closing_quotes() -> None:
    text = "She asks “What is left?” Pupils write it down! Is it five? Yes… It is (really.) Good."
    assert contents(text) == [
        "She asks “What is left?”",
        "Pupils write it down!",
        "Is it five?",
        "Yes…",
        "It is (really.)",
        "Good.",
    ]


def test_long_passages_are_cut_at_a_clause_and_else_at_a_space() -> None:
    clause = " ".join(["word"] * 44) + ", " + " ".join(["more"] * 40)
    assert [len(text.split()) for text in contents(clause)] == [44, 40]
    assert contents(clause)[0].endswith(",")
    assert [len(text.split()) for text in contents(" ".join(["word"] * 130))] == [60, 60, 10]


def test_long_bullets_are_cut_into_sentences_and_short_ones_are_not() -> None:
    assert kinds("- Write it. Share it. Check it.") == [BULLET]
    long = " ".join(f"Pupils write the {number} words on the sheet." for number in range(10))
    assert kinds(f"- {long}") == [BULLET] * 10


def test_fence_lines_are_dropped_and_what_is_between_is_kept() -> None:
    segments = segment_document("Code the robot.\n```python\nforward(10) then turn(90)\n```\nNow run it.\n")
    assert [s.text for s in segments] == ["Code the robot.", "forward(10) then turn(90)", "Now run it."]


@pytest.mark.parametrize("bound", [7, 0, -1])
def test_a_bound_that_leaves_no_room_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="give 8 or more"):
        segment_document("Plan.", max_words=bound)


def test_a_segment_cannot_be_changed() -> None:
    segment = segment_document("Pupils write.")[0]
    assert segment == Segment(0, 13, "Pupils write.", SENTENCE, "")
    with pytest.raises(AttributeError):
        segment.start = 1  # type: ignore[misc]


def test_the_encoder_truncates_no_segment_of_the_corpus(encoder: SharedEncoder) -> None:
    paths = sorted(Path(SHIPPED_CORPUS / "plans").glob("*.md"))
    texts = [text for path in paths for text in contents(path.read_bytes().decode())]
    assert len(texts) > 5_000
    longest = sorted(texts, key=len)[-24:]
    assert not encoder.encode(longest).truncated.any()


@pytest.mark.parametrize(
    ("before", "unit", "after"),
    [
        ("", ".", "a"),
        ("# a", "#", "b"),
        ("- a", "#", "b:"),
        ("", "A. ", "b"),
        ("a.", " ", "b"),
        ("", "a\n", ""),
        ("", "- ", "x"),
        ('a."', '"', "b"),
        ("", "|", "a"),
        ("", "e.g. Go ", "end"),
    ],
)
def test_the_time_grows_no_faster_than_the_text(before: str, unit: str, after: str) -> None:
    """Four times the text may take eight times as long; a quadratic rule takes sixteen times."""

    def seconds(characters: int) -> float:
        text = before + unit * (characters // len(unit)) + after
        begun = time.process_time()
        segment_document(text)
        return time.process_time() - begun

    assert seconds(8_000) < 8 * min(seconds(2_000), seconds(2_000)) + 0.05
