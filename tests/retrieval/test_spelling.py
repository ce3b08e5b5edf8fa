from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from retrieval.lexical import FieldScorer
from retrieval.spelling import SpellingConfig, SpellingCorrector, Vocabulary, words_of_encoder
from retrieval.words import Analyser

ANALYSER = Analyser()
TEXTS = [
    *["photosynthesis in green plants and leaves"] * 3,
    *["rivers wear away the land by erosion"] * 3,
    *["equivalent fractions on a number line"] * 3,
    *["the water cycle and the clouds"] * 3,
    *["look at the plant cell"] * 3,
]


def corrector(known: Any = (), **config: Any) -> SpellingCorrector:
    stems = [ANALYSER.stems(text) for text in TEXTS]
    return SpellingCorrector(
        Vocabulary(TEXTS),
        FieldScorer(stems, k1=1.5, b=0.75),
        documents=len(TEXTS),
        analyser=ANALYSER,
        config=SpellingConfig(**config),
        known=known,
    )


PLAIN = corrector()
WORDS = sorted({word for text in TEXTS for word in text.split()})


def read(query: str, by: SpellingCorrector = PLAIN) -> str:
    for correction in reversed(by.corrections(query)):
        query = query[: correction.start] + correction.read_as + query[correction.end :]
    return query


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("photosinthesis", "photosynthesis"),
        ("equivelent fractoins", "equivalent fractions"),
        ("Rivrs errosion", "rivers erosion"),
        ("watercycle", "water cycle"),
        ("ertosion of lnad", "erosion of land"),
        ("numbr line", "number line"),
    ],
)
def test_a_slip_is_read_as_the_word_of_the_collection(typed: str, meant: str) -> None:
    assert read(typed) == meant


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
def test_words_of_the_collection_stay(words: list[str]) -> None:
    assert PLAIN.corrections(" ".join(words)) == []


@settings(deadline=None)
@given(st.text(max_size=60))
def test_corrections_point_at_words_of_the_query(query: str) -> None:
    found = PLAIN.corrections(query)
    assert all(query[one.start : one.end] == one.typed for one in found)
    assert all(first.end <= second.start for first, second in itertools.pairwise(found))
    assert all(word in WORDS for one in found for word in one.read_as.split())


@given(st.sampled_from([word for word in WORDS if len(word) > 6]), st.data())
def test_two_swapped_letters_of_a_long_word_are_put_back(word: str, data: Any) -> None:
    place = data.draw(st.integers(1, len(word) - 2))
    typed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    assume(typed != word)
    assert read(typed) == word


@pytest.mark.parametrize("query", ["ks3", "H2O", "abc", "zzzzzzzz", "1234", "the", ""])
def test_what_is_no_slip_stays(query: str) -> None:
    assert read(query) == query


def test_it_can_be_turned_off_and_a_long_text_is_left_alone() -> None:
    assert corrector(enabled=False).corrections("photosinthesis") == []
    assert PLAIN.corrections("photosinthesis " * 65) == []


def test_a_common_word_is_never_changed() -> None:
    assert corrector(common_from=1).corrections("plant") == []


def test_a_word_that_the_encoder_knows_stands_where_that_is_asked_for() -> None:
    assert read("plans") != "plans"
    assert read("plans", corrector(known={"plan"}, trust_encoder_words=True)) == "plans"
    assert read("plans", corrector(known={"plan"})) != "plans"
    assert read("fractoins", corrector(known={"plan"}, trust_encoder_words=True)) == "fractions"


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["[CLS]", "river", "##s", "5", "Rock"], {"river", "rock"}),
        (["Ġriver", "ing", "ĠRock", "Ġ"], {"river", "rock"}),
        (["▁river", "s", "</s>"], {"river"}),
    ],
)
def test_words_of_a_vocabulary(pieces: list[str], words: set[str]) -> None:
    tokenizer = type("Tokenizer", (), {"get_vocab": lambda self: dict.fromkeys(pieces, 0)})()
    assert words_of_encoder(type("Encoder", (), {"tokenizer": tokenizer})()) == words


def test_an_encoder_without_a_tokenizer_knows_no_word() -> None:
    assert words_of_encoder(object()) == frozenset()


@pytest.mark.parametrize("setting", [{"error_rate": 0}, {"edit_cost": -1}, {"pairs": 1}, {"candidates": 0}])
def test_settings_out_of_range_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        SpellingConfig(**setting)
