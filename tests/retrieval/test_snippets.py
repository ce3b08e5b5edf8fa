from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from retrieval.snippets import best_snippet, marks_in
from retrieval.words import Analyser

ANALYSER = Analyser()
WORDS = st.lists(st.sampled_from(["river", "Rivers", "rock", "stone", "être", "a", "the", "erosion,"]), max_size=40)
TEXTS = WORDS.map(" ".join) | st.text(max_size=120)


def stems(*words: str) -> frozenset[str]:
    return frozenset(ANALYSER.stem(word) for word in words)


@given(TEXTS, st.integers(1, 80))
def test_a_snippet_is_a_passage_of_its_field(text: str, most: int) -> None:
    found = best_snippet({"text": text}, stems("river", "rock"), analyser=ANALYSER, most_characters=most)
    if not text.strip():
        assert found is None
        return
    assert found is not None
    assert text[found.start : found.start + len(found.text)] == found.text
    # one word may be longer than the limit
    assert len(found.text) <= most or " " not in found.text.strip()
    for start, end in found.marks:
        assert 0 <= start < end <= len(found.text)
        assert ANALYSER.stem(found.text[start:end].lower()) in stems("river", "rock")


@given(TEXTS)
def test_marks_are_in_order_and_apart(text: str) -> None:
    marks = marks_in(text, stems("river"), analyser=ANALYSER)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(marks))
    assert len(marks) == sum(text[start:end].lower() in ("river", "rivers") for start, end in marks)


def test_different_words_count_before_repeats() -> None:
    text = "river river river " + "stone " * 60 + "river erosion"
    found = best_snippet({"text": text}, stems("river", "erosion"), analyser=ANALYSER, most_characters=30)
    assert found is not None
    assert found.text.endswith("river erosion")


def test_an_earlier_field_wins_a_tie_and_a_better_one_wins() -> None:
    tied = best_snippet({"outcome": "A river.", "text": "The river."}, stems("river"), analyser=ANALYSER)
    better = best_snippet({"outcome": "A river.", "text": "A river rock."}, stems("river", "rock"), analyser=ANALYSER)
    assert tied is not None
    assert better is not None
    assert (tied.field, better.field) == ("outcome", "text")


def test_without_a_match_the_head_is_shown() -> None:
    found = best_snippet({"empty": " ", "text": "One two three four"}, stems("x"), analyser=ANALYSER, most_characters=9)
    assert found is not None
    assert (found.field, found.text, found.start, found.marks) == ("text", "One two", 0, ())


def test_a_text_without_words_is_cut() -> None:
    found = best_snippet({"text": "?!" * 50}, stems("x"), analyser=ANALYSER, most_characters=10)
    assert found is not None
    assert found.text == "?!" * 5
