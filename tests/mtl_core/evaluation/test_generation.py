"""Measures of generated text, held against the libraries themselves and against counts by hand."""

from __future__ import annotations

import importlib
import json
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.evaluation import (
    GenerationScores,
    bleu,
    distinct_n,
    exact_match,
    generation_scores,
    meteor,
    rouge,
)

SAID = ["Ask each pupil to write one sum.", "Show the card"]
WANTED = ["Ask every pupil to write one sum.", "Show the cards first"]
TEXTS = st.lists(st.text(alphabet="ab c.", max_size=12), min_size=1, max_size=4)


def test_rouge_by_hand() -> None:
    """Of "a b c d" and "a c b": unigrams 3 of 4 and 3 of 3, no common pair, subsequence of 2."""
    figures = rouge(["a b c d"], ["a c b"])
    assert figures["rouge1"] == pytest.approx(2 * (3 / 4) * 1 / (3 / 4 + 1))
    assert figures["rouge2"] == 0
    assert figures["rougeL"] == pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))


def test_rouge_takes_word_forms_as_one_word() -> None:
    assert rouge(["cards"], ["card"])["rouge1"] == 1


def test_bleu_is_sacrebleu_also_with_uneven_references() -> None:
    sacrebleu = importlib.import_module("sacrebleu")
    assert bleu(SAID, WANTED) == pytest.approx(sacrebleu.corpus_bleu(SAID, [WANTED]).score)
    several = [[WANTED[0], "Ask each pupil for one sum."], [WANTED[1]]]
    expected = sacrebleu.corpus_bleu(SAID, [WANTED, ["Ask each pupil for one sum.", None]]).score
    assert bleu(SAID, several) == pytest.approx(expected)


def test_meteor_matches_words_and_stems_by_hand() -> None:
    """Three words in one chunk, all matched (one by its stem): F 1, penalty 0.5 (1/3) cubed."""
    assert meteor(["show the card"], ["show the cards"]) == pytest.approx(1 - 0.5 / 27)
    assert meteor(["show the card"], ["open a book"]) == 0


def test_of_several_references_the_best_counts() -> None:
    far, near = "nothing alike here", "show the card now"
    assert rouge(["show the card"], [[far, near]]) == rouge(["show the card"], [near])
    assert meteor(["show the card"], [(far, near)]) == meteor(["show the card"], [near])
    assert exact_match(["A  plan"], [[far, "a plan"]]) == 1


@settings(deadline=None, max_examples=30)
@given(TEXTS)
def test_every_measure_stays_in_its_range_and_a_copy_is_best(texts: list[str]) -> None:
    copied = generation_scores(texts, texts)
    assert copied.exact_match == 1
    other = generation_scores(texts, list(reversed(texts)))
    for name in ("exact_match", "rouge1", "rouge2", "rougeL", "meteor"):
        assert 0 <= getattr(other, name) <= getattr(copied, name) + 1e-9 <= 1 + 1e-8
    assert 0 <= other.bleu <= 100 + 1e-6


def test_distinct_n_counts_repetition() -> None:
    assert distinct_n(["a b a b", "A"], 1) == pytest.approx(2 / 5)
    assert distinct_n(["a b a b", "A"], 2) == pytest.approx(2 / 3)
    assert distinct_n(["a"], 2) is None
    with pytest.raises(InputError, match="at least one word; n is 0"):
        distinct_n(["a"], 0)


def test_no_text_gives_no_figure() -> None:
    assert generation_scores([], []) == GenerationScores(count=0)
    assert bleu([], []) is meteor([], []) is exact_match([], []) is None
    assert set(rouge([], []).values()) == {None}


def test_the_result_survives_json() -> None:
    scores = generation_scores(SAID, WANTED)
    assert GenerationScores.model_validate_json(json.dumps(scores.to_dict())) == scores


@pytest.mark.parametrize("measure", [bleu, meteor, rouge, exact_match, generation_scores])
def test_bad_input_is_named(measure: object) -> None:
    with pytest.raises(InputError, match="1 texts stand beside 2 references"):
        measure(["a"], ["a", "b"])
    with pytest.raises(InputError, match="Text 2 has no reference"):
        measure(["a", "b"], ["a", []])


@pytest.mark.parametrize(("measure", "package"), [(bleu, "sacrebleu"), (meteor, "nltk"), (rouge, "rouge-score")])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, measure: object, package: str) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(InputError, match=rf"'{package}'.*pip install 'lesson-nudge\[generation\]'"):
        measure(["a"], ["a"])
