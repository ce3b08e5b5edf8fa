"""Words: offsets point into the text, folding is the same on both paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.words import Analyser, fold, folded_words, words_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.from_regex(
    r"(?:[A-Za-z]{1,6}['’]?[a-z]{0,3}[ ,.\-]){0,8}", fullmatch=True
)


@given(TEXTS)
def test_offsets_point_at_the_word(text: str) -> None:
    for word in words_of(text):
        assert fold(text[word.start : word.end].replace("'", "").replace("’", "")) == word.text


@given(TEXTS)
def test_the_fast_path_gives_the_same_words(text: str) -> None:
    assert folded_words(text) == [word.text for word in words_of(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Être, ÉCOLE!", ["etre", "ecole"]),
        ("pupil's pupils’ don’t", ["pupils", "pupils", "dont"]),
        ("year_4 KS2-3", ["year", "4", "ks2", "3"]),
        ("  \n", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(text)] == words


def test_stems_join_forms_and_leave_out_stop_words() -> None:
    analyser = Analyser()
    assert analyser.stems("The plants are growing") == analyser.stems("plant grows") != []


def test_another_language_keeps_english_stop_words() -> None:
    assert Analyser("german").stems("die Pflanzen") == ["die", "pflanz"]
