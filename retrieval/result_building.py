"""One place of a ranking as a result: its document, its snippet, and what each leg and field gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from retrieval.search_config import SearchConfig
from retrieval.search_lexical import LexicalCollection
from retrieval.search_ranking import Candidates, Ranked
from retrieval.search_results import SearchResult
from retrieval.snippets import best_snippet, marks_in
from retrieval.words import Analyser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["build_result"]


def build_result(
    ranked: Ranked,
    candidates: Candidates,
    *,
    collection: LexicalCollection | None,
    by_field: Mapping[str, NDArray[np.float32]],
    stems: frozenset[str],
    analyser: Analyser,
    config: SearchConfig,
) -> SearchResult:
    """Describe one place.

    Args:
        ranked: The place.
        candidates: What it points into.
        collection: The words that gave ``by_field``; ``None`` where words were not searched.
        by_field: What each field adds to the BM25 score of every document of the collection.
        stems: Stems of the query.
        analyser: The one that made the stems.
        config: Names the title field and the length of a snippet.

    Returns:
        The result.
    """
    document = candidates.documents[ranked.place]
    row = None if collection is None else collection.rows.get(document.id)
    title = config.title_field
    body = {name: text for name, text in document.fields.items() if name != title}
    return SearchResult(
        document=document,
        score=ranked.score,
        legs=ranked.legs,
        fields={} if row is None else {name: round(float(scores[row]), 4) for name, scores in by_field.items()},
        boost=ranked.boost,
        snippet=best_snippet(
            body or document.fields, stems, analyser=analyser, most_characters=config.snippet_characters
        ),
        title_marks=marks_in(document.fields.get(title, ""), stems, analyser=analyser),
        duplicates=tuple(candidates.documents[place].id for place in ranked.duplicates),
    )
