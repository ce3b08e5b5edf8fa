"""Hybrid search over the templates of an index: its vectors and the words of its library, all in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

import numpy as np

from mtl_core.errors import InputError
from retrieval.result_building import build_result
from retrieval.search_config import SearchConfig
from retrieval.search_lexical import LexicalCollection
from retrieval.search_query import checked_query, read_query
from retrieval.search_ranking import Candidates, rank
from retrieval.search_results import SearchMode, SearchResponse
from retrieval.spelling import SpellingConfig, words_of_encoder
from retrieval.template_documents import document_of_template
from retrieval.words import Analyser

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.query import Understanding
    from retrieval.search_dense import QueryEncoder
    from retrieval.templates import TemplateLibrary

__all__ = ["TemplateSearch"]


class TemplateSearch:
    """The search of ``LessonSearch`` without a store. It may be used from several threads at once.

    Args:
        library: The templates.
        vectors: ``[len(library), dimension]`` unit vectors in the library's order.
        encoder: The encoder that made them.
        config: Settings; ``None`` takes the defaults, but keeps near-identical templates, so that k results
            come back whenever k templates pass, and leaves words alone that the encoder knows: a few hundred
            templates hold too few words to be the dictionary of what teachers type.
    """

    def __init__(
        self,
        library: TemplateLibrary,
        vectors: NDArray[np.float32],
        *,
        encoder: QueryEncoder,
        config: SearchConfig | None = None,
    ) -> None:
        self._config = config or SearchConfig(duplicates_from=None, spelling=SpellingConfig(trust_encoder_words=True))
        self._vectors = vectors
        self._encoder = encoder
        self._analyser = Analyser(self._config.language)
        self._collection = LexicalCollection(
            map(document_of_template, library.values()),
            config=self._config,
            analyser=self._analyser,
            known=words_of_encoder(encoder),
        )

    def search(self, query: str, *, rows: Sequence[int], k: int, mode: SearchMode = "hybrid") -> SearchResponse:
        """Find templates.

        Args:
            query: A few words, such as "exit ticket fractions"; at most 10,000 characters.
            rows: Rows of the templates that may be found.
            k: The most results, 1 or more.
            mode: ``hybrid`` joins both legs, ``dense`` and ``bm25`` take one of them.

        Returns:
            Results with reasons, and what was done to the query.

        Raises:
            InputError: If the query is empty or too long, or there is no such mode.
        """
        checked_query(query)
        if mode not in get_args(SearchMode):
            raise InputError(f"There is no search mode {mode!r}; use one of {', '.join(get_args(SearchMode))}.")
        read = read_query(query, collection=self._collection, config=self._config)
        stems = self._analyser.stems(read.searched)
        by_field = self._collection.index.by_field(stems)
        scores: dict[str, NDArray[np.float32]] = {}
        if mode != "dense":
            scores["bm25"] = self._collection.index.total(by_field)
        if mode != "bm25":
            scores["dense"] = self._vectors @ self._encoder.encode([read.searched]).vectors[0]
        candidates = self._candidates(
            scores, rows, understanding=read.understanding, most=max(k, self._config.candidates)
        )
        places = rank(candidates, understanding=read.understanding, mode=mode, config=self._config, k=k)
        results = tuple(
            build_result(
                place,
                candidates,
                collection=self._collection,
                by_field=by_field,
                stems=frozenset(stems),
                analyser=self._analyser,
                config=self._config,
            )
            for place in places
        )
        return SearchResponse(query, read.searched, mode, results, read.corrections, read.understanding, read.notes)

    def _candidates(
        self, scores: dict[str, NDArray[np.float32]], rows: Sequence[int], *, understanding: Understanding, most: int
    ) -> Candidates:
        """The best rows of each leg, with the scores that both legs give them, in the library's order."""
        documents, facts = self._collection.documents, self._collection.facts
        if self._config.understanding == "filter" and understanding:
            rows = [row for row in rows if understanding.admits(facts[row])]
        admitted = np.asarray(rows, np.int64)
        found: dict[str, set[int]] = {}
        for name, leg in scores.items():
            order = admitted[np.argsort(-leg[admitted], kind="stable")]
            # words find what shares a word with the query, and vectors find anything
            found[name] = set((order[leg[order] > 0] if name == "bm25" else order)[:most].tolist())
        both = sorted(set().union(*found.values()))
        return Candidates(
            [documents[row] for row in both],
            [facts[row] for row in both],
            self._vectors[both],
            {name: np.asarray(leg[both], np.float32) for name, leg in scores.items()},
            {name: np.asarray([row in found[name] for row in both], np.bool_) for name in scores},
        )
