"""What a search answers: results with their reasons, and how the query was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from retrieval.documents import Document
from retrieval.query import Understanding
from retrieval.snippets import Mark, Snippet
from retrieval.spelling import Correction

__all__ = ["LegScore", "SearchMode", "SearchResponse", "SearchResult"]

SearchMode = Literal["hybrid", "dense", "bm25"]
"""Both legs joined, or one of them alone."""


@dataclass(frozen=True, slots=True)
class LegScore:
    """What one leg says about a result.

    Args:
        raw: Cosine for ``dense``, BM25 for ``bm25``.
        rank: Place in that leg among the candidates, 1 is the best; ``None`` where the leg did not find it.
        part: What the leg adds to the score.
    """

    raw: float
    rank: int | None
    part: float


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One result.

    Args:
        document: The document.
        score: Higher is better, comparable within one response alone.
        legs: Score by leg (``dense``, ``bm25``); the sum of their parts, times ``1 + boost``, is the score.
        fields: What each field adds to the BM25 score.
        boost: Gain for fitting the subject, grade and minutes of the query.
        snippet: The passage that matches best, ``None`` for a document without text.
        title_marks: Matching words in the title field, as offsets.
        duplicates: Ids of near-identical documents left out.
    """

    document: Document
    score: float
    legs: Mapping[str, LegScore]
    fields: Mapping[str, float]
    boost: float
    snippet: Snippet | None
    title_marks: tuple[Mark, ...]
    duplicates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The result as JSON values."""
        return {
            "id": self.document.id,
            "score": round(self.score, 4),
            "fields": dict(self.document.fields),
            "metadata": dict(self.document.metadata),
            "snippet": None if self.snippet is None else asdict(self.snippet),
            "title_marks": [list(mark) for mark in self.title_marks],
            "explanation": {
                "legs": {name: asdict(leg) for name, leg in self.legs.items()},
                "fields": dict(self.fields),
                "boost": round(self.boost, 4),
            },
            "duplicates": list(self.duplicates),
        }


@dataclass(frozen=True, slots=True)
class SearchResponse:
    """The answer to one query.

    Args:
        query: As it was typed.
        searched: What was searched instead, after corrections and without grade and minutes.
        mode: Which legs were used.
        results: Best first.
        corrections: Words that were read as others.
        understanding: Subject, grade and minutes that the query was taken to name.
        notes: What was done to the query in plain sentences, each with how to turn it off.
    """

    query: str
    searched: str
    mode: SearchMode
    results: tuple[SearchResult, ...]
    corrections: tuple[Correction, ...]
    understanding: Understanding
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The response as JSON values."""
        grades = self.understanding.grades
        return {
            "query": self.query,
            "searched": self.searched,
            "mode": self.mode,
            "corrections": [asdict(correction) for correction in self.corrections],
            "understood": {
                "subjects": sorted(self.understanding.subjects),
                "grades": None if grades is None else list(grades),
                "minutes": self.understanding.minutes,
            },
            "notes": list(self.notes),
            "results": [result.as_json() for result in self.results],
        }
