"""Where hand-written patterns match."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.errors import ArtifactError
from mtl_core.patterns import MAX_CHARACTERS, PatternMatcher, PatternRow, expanded
from mtl_core.prefilter import Prefilter
from mtl_core.segments import Segment, SegmentKind, segment_document


def rows_of(text: str, *rows: PatternRow, words: dict[str, str] | None = None) -> list[tuple[int, int]]:
    return PatternMatcher(rows, [words or {}] * len(rows)).matches(segment_document(text))[0]


def passages(*texts: str, heading: str = "", kind: SegmentKind = SegmentKind.SENTENCE) -> list[Segment]:
    return [Segment(0, len(text), text, kind, heading) for text in texts]


def test_a_pattern_matches_whatever_the_case_and_the_marks() -> None:
    row = PatternRow(name="x", text="exit ticket")
    assert rows_of("Read.\n\nFill in an **Exit   Ticket** now.\n", row) == [(0, 1)]


def test_named_words_may_name_others() -> None:
    words = {"ticket": "exit <slip>s?", "slip": "(?:slip|pass)"}
    assert expanded("<ticket>\n  done", words) == "(?:exit (?:(?:slip|pass))s?)done"
    assert rows_of("Hand in exit slips.", PatternRow(name="x", text="<ticket>"), words=words) == [(0, 0)]


def test_an_unknown_name_and_a_ring_are_told() -> None:
    with pytest.raises(KeyError):
        expanded("<nothing>", {})
    with pytest.raises(ValueError, match="ring"):
        expanded("<a>", {"a": "<b>", "b": "<a>"})


def test_a_pattern_has_to_search_something() -> None:
    with pytest.raises(ValidationError, match="give it a text or a heading"):
        PatternRow(name="x", then="answer")
    with pytest.raises(ValidationError):
        PatternRow.model_validate({"name": "x", "text": "a", "txt": "b"})


@pytest.mark.parametrize(
    ("name", "against", "shows"), [("x", False, True), ("weak: x", False, False), ("x", True, False)]
)
def test_weak_patterns_and_near_misses_show_nothing(*, name: str, against: bool, shows: bool) -> None:
    assert PatternRow(name=name, text="a", against=against).shows is shows


def test_every_condition_must_hold() -> None:
    document = [
        *passages("Write one thing.", heading="Closure"),
        *passages("Write one thing.", heading="Start"),
        *passages("Write one thing for homework.", heading="Closure"),
        *passages("Write one thing.", heading="Closure", kind=SegmentKind.BULLET),
    ]
    row = PatternRow(name="x", text="write one", heading="closure", unless="homework", kind=(SegmentKind.SENTENCE,))
    assert PatternMatcher([row], [{}]).matches(document)[0] == [(0, 0)]


@pytest.mark.parametrize(("place", "found"), [("start", [0, 1, 2, 3]), ("end", [7, 8, 9, 10]), (None, list(range(11)))])
def test_place(place: str | None, found: list[int]) -> None:
    row = PatternRow.model_validate({"name": "x", "text": "write", "place": place})
    assert [at for _, at in PatternMatcher([row], [{}]).matches(passages(*["Write."] * 11))[0]] == found


@pytest.mark.parametrize(("within", "found"), [(1, []), (2, [0]), (None, [0])])
def test_what_follows(within: int | None, found: list[int]) -> None:
    row = PatternRow(name="x", text="ask", then="answer", within=within)
    document = passages("Ask.", "Wait.", "The answer is 4.", "Ask.")
    assert [at for _, at in PatternMatcher([row], [{}]).matches(document)[0]] == found


def test_a_heading_alone_can_match() -> None:
    row, prefilter = PatternRow(name="x", heading="exit ticket"), Prefilter(atoms=("exit ticket",), needs=(None, 0))
    document = [*passages("Write.", heading="Exit Ticket"), *passages("Write.", heading="Start")]
    assert PatternMatcher([row], [{}], prefilter=prefilter).matches(document)[0] == [(0, 0)]


def test_only_passages_that_meet_the_needs_are_tried() -> None:
    # the prefilter is wrong on purpose, so that what is not tried can be seen
    row, prefilter = PatternRow(name="x", text="write|draw"), Prefilter(atoms=("write",), needs=(0, None))
    found, _ = PatternMatcher([row], [{}], prefilter=prefilter).matches(passages("Draw.", "Write."))
    assert found == [(0, 1)]


def test_no_pattern_matches_nothing() -> None:
    assert PatternMatcher([], []).matches(passages("Write.", "Draw."))[0] == []


def test_many_passages_are_looked_at_in_parts() -> None:
    words = [f"Write {number}." if number % 3 else f"Draw {number}." for number in range(600)]
    prefilter = Prefilter(atoms=("write",), needs=(0, None))
    found, _ = PatternMatcher([PatternRow(name="x", text="write")], [{}], prefilter=prefilter).matches(passages(*words))
    assert found == [(0, number) for number in range(600) if number % 3]


def test_a_text_is_searched_up_to_a_length() -> None:
    row = PatternRow(name="x", text="end")
    assert PatternMatcher([row], [{}]).matches(passages("a" * MAX_CHARACTERS + " end", "end"))[0] == [(0, 1)]


@given(st.lists(st.sampled_from(["ask", "answer", "write", "Exit", "a" * 50]), max_size=30))
def test_numbers_point_into_the_document(words: list[str]) -> None:
    document = passages(*words)
    rows = [PatternRow(name="x", text="ask|exit", then="answer"), PatternRow(name="y", text="w", place="end")]
    found, hits = PatternMatcher(rows, [{}, {}]).matches(document)
    assert PatternMatcher(rows, [{}, {}]).matches(document, known=hits) == (found, hits)
    assert found == sorted(set(found))
    assert all(0 <= at < len(document) for _, at in found)


def test_a_long_document_is_no_trap() -> None:
    # every passage asks and none is answered: searching all that follow from each would be millions of searches
    row = PatternRow(name="x", text="ask", then="answer")
    document, start = passages(*["Ask them."] * 20_000), time.process_time()
    assert PatternMatcher([row], [{}]).matches(document)[0] == []
    assert time.process_time() - start < 5


def test_expressions_can_be_compiled_before_they_are_needed() -> None:
    rows = [PatternRow(name="x", text="write", unless="not", then="read", heading="end")]
    matcher = PatternMatcher(rows, [{}])
    matcher.compile()
    assert set(matcher._searches) == {(0, "write"), (0, "not"), (0, "read"), (0, "end")}
    with pytest.raises(ArtifactError, match="'y' cannot be compiled"):
        PatternMatcher([PatternRow(name="y", text="(")], [{}]).compile()


def test_known_passages_are_not_searched_again() -> None:
    rows = [PatternRow(name="x", text="write"), PatternRow(name="y", text="ask", then="answer")]
    matcher = PatternMatcher(rows, [{}, {}])
    first = passages("Write.", "Ask.", "Read.")
    later = passages("Write.", "Ask.", "The answer is 4.")
    found, hits = matcher.matches(first)
    assert found == [(0, 0)]
    # what holds is kept, what follows is looked at anew
    assert matcher.matches(later, known=hits)[0] == matcher.matches(later)[0] == [(0, 0), (1, 1)]
    wrong = dict.fromkeys(hits, ())
    assert matcher.matches(first, known=wrong)[0] == []
    # only the passages of this version are kept
    assert {passage.text for passage in matcher.matches(later, known=hits)[1]} == {"Write.", "Ask.", "The answer is 4."}
