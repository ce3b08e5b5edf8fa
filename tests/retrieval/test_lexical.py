"""Word search: the scores are those of bm25s, fields add up, and postings are exact."""

from __future__ import annotations

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.lexical import ALL_FIELDS, FieldScorer, LexicalIndex

STEMS = st.sampled_from(["river", "map", "plant", "cell", "ratio"])
TEXTS = st.lists(st.lists(STEMS, max_size=6), max_size=8)


@given(TEXTS, st.lists(STEMS, max_size=4))
def test_scores_are_those_of_bm25s(texts: list[list[str]], query: list[str]) -> None:
    scores = FieldScorer(texts, k1=1.5, b=0.75).scores(query)
    assert scores.shape == (len(texts),)
    known = {stem for text in texts for stem in text}
    asked = [stem for stem in query if stem in known]
    if not asked:
        assert not scores.any()
        return
    model = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    model.index(texts, show_progress=False)
    np.testing.assert_allclose(scores, model.get_scores(asked), rtol=1e-6)


@given(TEXTS, STEMS)
def test_postings_are_the_documents_with_the_stem(texts: list[list[str]], stem: str) -> None:
    rows = FieldScorer(texts, k1=1.5, b=0.75).rows_with(stem).tolist()
    assert rows == [row for row, text in enumerate(texts) if stem in text]


@given(TEXTS, TEXTS, st.lists(STEMS, max_size=4), st.floats(0, 3))
def test_fields_add_up_with_their_weights(
    titles: list[list[str]], bodies: list[list[str]], query: list[str], weight: float
) -> None:
    count = min(len(titles), len(bodies))
    titles, bodies = titles[:count], bodies[:count]
    documents = [{"title": title, "body": body} for title, body in zip(titles, bodies, strict=True)]
    index = LexicalIndex(documents, weights={"title": weight, ALL_FIELDS: 1.0})
    whole = [title + body for title, body in zip(titles, bodies, strict=True)]
    expected = weight * FieldScorer(titles, k1=1.5, b=0.75).scores(query) + FieldScorer(whole, k1=1.5, b=0.75).scores(
        query
    )
    np.testing.assert_allclose(index.scores(query), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(index.total(index.by_field(query)), index.scores(query))


def test_a_word_in_the_title_counts_more_than_in_the_body() -> None:
    documents = [{"title": ["river"], "body": ["map"]}, {"title": ["map"], "body": ["river"]}, {"body": ["plant"]}]
    scores = LexicalIndex(documents, weights={"title": 1.0, ALL_FIELDS: 1.0}).scores(["river"])
    assert scores[0] > scores[1] > scores[2] == 0


def test_a_field_that_no_document_has_counts_nothing() -> None:
    index = LexicalIndex([{"body": ["river"]}], weights={"title": 1.0, ALL_FIELDS: 1.0})
    assert index.by_field(["river"])["title"].tolist() == [0.0]


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(InputError, match="'title' is negative"):
        LexicalIndex([], weights={"title": -1.0})
