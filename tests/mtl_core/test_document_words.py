"""Scores of whole documents by their words: terms, agreement with scikit-learn, saving, and damage."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from mtl_core.document_words import DocumentWords, document_terms
from mtl_core.errors import ArtifactError
from mtl_core.segments import segment_document
from mtl_core.training.document_words import LEAST_DOCUMENTS, fit_document_words

WORDS = ("pupils", "write", "exit", "ticket", "quiz", "discuss", "groups", "read", "model", "draw")


def documents(count: int = 40) -> tuple[list[str], np.ndarray]:
    """Texts of random words, and whether the first and the last word of ``WORDS`` stand in them."""
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(WORDS, 12)) for _ in range(count)]
    return texts, np.asarray([[int("pupils" in text), int("draw" in text)] for text in texts], np.int8)


@lru_cache
def fitted() -> tuple[DocumentWords, list[str]]:
    texts, labels = documents()
    words = fit_document_words([document_terms(segment_document(text)) for text in texts], labels)
    assert words is not None
    return words, texts


def scores(words: DocumentWords, texts: list[str]) -> np.ndarray:
    return np.stack([words(document_terms(segment_document(text))).numpy() for text in texts])


def test_the_scores_are_those_of_scikit_learn() -> None:
    texts, labels = documents()
    words, _ = fitted()
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=LEAST_DOCUMENTS)
    inputs = vectorizer.fit_transform(texts)
    for column, truth in enumerate(labels.T):
        peer = LogisticRegression(C=10, class_weight="balanced", max_iter=2_000).fit(inputs, truth)
        np.testing.assert_allclose(scores(words, texts)[:, column], peer.decision_function(inputs), atol=0.1)


def test_saving_changes_nothing() -> None:
    words, texts = fitted()
    again = DocumentWords.from_rounded(load(save(words.rounded_tensors())), measures=2)
    np.testing.assert_array_equal(scores(again, texts), scores(words, texts))


@given(st.lists(st.sampled_from(("zebra", "quark", "xylem", "ox")), max_size=8))
def test_words_that_training_did_not_hold_leave_the_offsets(unknown: list[str]) -> None:
    words, _ = fitted()
    terms = document_terms(segment_document(" ".join(unknown)))
    torch.testing.assert_close(words(terms), words.offsets)


def test_case_and_numbers_do_not_matter() -> None:
    first, second = (
        document_terms(segment_document(text)) for text in ("Read page 12 of 7b now", "READ Page of 9b now")
    )
    assert first == second
    assert first != document_terms(segment_document("Read page now of 9b"))


def test_a_measure_that_every_document_shows_is_left_at_zero() -> None:
    texts, labels = documents()
    labels[:, 0] = 1
    words = fit_document_words([document_terms(segment_document(text)) for text in texts], labels)
    assert words is not None
    assert not words.weights[:, 0].any()
    assert words.weights[:, 1].any()


def test_an_unknown_label_is_not_learned_from() -> None:
    texts, labels = documents()
    terms = [document_terms(segment_document(text)) for text in texts]
    other = labels.copy()
    labels[:10, 0], other[:10, 0] = -1, -1
    first, second = fit_document_words(terms, labels), fit_document_words(terms, other)
    assert first is not None
    assert second is not None
    torch.testing.assert_close(first.weights, second.weights)


def test_too_few_documents_give_no_scores() -> None:
    texts, labels = documents(LEAST_DOCUMENTS - 1)
    assert fit_document_words([document_terms(segment_document(text)) for text in texts], labels) is None


def missing(tensors: dict[str, torch.Tensor]) -> None:
    del tensors["scales"]


def unsorted(tensors: dict[str, torch.Tensor]) -> None:
    tensors["terms"] = tensors["terms"].flip(0)


def shorter(tensors: dict[str, torch.Tensor]) -> None:
    tensors["weights"] = tensors["weights"][1:]


def not_finite(tensors: dict[str, torch.Tensor]) -> None:
    tensors["rarity"][0] = float("nan")


def other_type(tensors: dict[str, torch.Tensor]) -> None:
    tensors["terms"] = tensors["terms"].long()


def other_measures(tensors: dict[str, torch.Tensor]) -> None:
    tensors["offsets"] = torch.zeros(3)


@pytest.mark.parametrize("damage", [missing, unsorted, shorter, not_finite, other_type, other_measures])
def test_damaged_scores_are_refused(damage: object) -> None:
    tensors = fitted()[0].rounded_tensors()
    damage(tensors)  # type: ignore[operator]
    with pytest.raises(ArtifactError, match="train"):
        DocumentWords.from_rounded(tensors, measures=2)
