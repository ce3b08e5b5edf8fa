"""Candidates of both legs brought into one order, with what each leg added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.documents import Document
from retrieval.fusion import min_max_fusion, reciprocal_rank_fusion
from retrieval.query import Facts, Understanding
from retrieval.search_config import SearchConfig
from retrieval.search_results import LegScore, SearchMode

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Candidates", "Ranked", "rank"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Documents that a leg found, with the scores that both legs give them.

    Args:
        documents: The n documents, by id.
        facts: What their metadata says.
        vectors: ``[n, dimension]`` unit vectors; no column where the vectors were not needed.
        scores: Scores ``[n]`` by leg: cosine for ``dense``, BM25 for ``bm25``.
        found: Whether the leg itself found the document ``[n]``, by leg.
    """

    documents: Sequence[Document]
    facts: Sequence[Facts]
    vectors: NDArray[np.float32]
    scores: dict[str, NDArray[np.float32]]
    found: dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One place of the ranking.

    Args:
        place: Which candidate.
        score: Its joined score.
        legs: What each leg says.
        boost: Gain for fitting the query's subject, grade and minutes.
        duplicates: Near-identical candidates that came later.
    """

    place: int
    score: float
    legs: dict[str, LegScore]
    boost: float
    duplicates: tuple[int, ...]


def rank(
    candidates: Candidates, *, understanding: Understanding, mode: SearchMode, config: SearchConfig, k: int
) -> list[Ranked]:
    """Order candidates and drop near-identical ones.

    Args:
        candidates: What the legs found.
        understanding: What the query names.
        mode: Which legs count.
        config: Settings.
        k: The most places.

    Returns:
        Places, best first; equal scores by id.
    """
    legs = {name: scores for name, scores in candidates.scores.items() if mode in {"hybrid", name}}
    parts = _parts(legs, config=config)
    boosts = np.zeros(len(candidates.documents))
    if config.understanding == "boost" and understanding:
        boosts = config.boost * np.asarray([understanding.fit(facts) for facts in candidates.facts])
    joined = sum(parts.values(), start=np.zeros(len(boosts)))
    # a negative cosine must not fall further for a document that fits
    totals = joined + boosts * np.maximum(joined, 0)
    order = np.lexsort((np.arange(len(totals)), -totals)).tolist()
    ranks = {name: _ranks(legs[name], candidates.found[name]) for name in legs}
    kept: list[int] = []
    duplicates: dict[int, list[int]] = {}
    for place in order:
        twin = _twin(place, kept, candidates.vectors, config.duplicates_from)
        if twin is not None:
            duplicates.setdefault(twin, []).append(place)
        elif len(kept) < k:
            kept.append(place)
        else:
            break
    return [
        Ranked(
            place,
            float(totals[place]),
            {
                name: LegScore(float(legs[name][place]), ranks[name].get(place), float(parts[name][place]))
                for name in legs
            },
            float(boosts[place]),
            tuple(duplicates.get(place, ())),
        )
        for place in kept
    ]


def _parts(legs: dict[str, NDArray[np.float32]], *, config: SearchConfig) -> dict[str, NDArray[np.float32]]:
    if len(legs) == 1:
        return dict(legs)
    weights = config.leg_weights.model_dump()
    if config.fusion == "rrf":
        return reciprocal_rank_fusion(legs, weights=weights, offset=config.rank_offset)
    return min_max_fusion(legs, weights=weights)


def _ranks(scores: NDArray[np.float32], found: NDArray[np.bool_]) -> dict[int, int]:
    places = np.flatnonzero(found)
    ordered = places[np.lexsort((places, -scores[places]))].tolist()
    return {place: rank for rank, place in enumerate(ordered, 1)}


def _twin(place: int, kept: Sequence[int], vectors: NDArray[np.float32], cosine: float | None) -> int | None:
    """The kept candidate that is near-identical to one, the best of them."""
    if cosine is None or not kept or not vectors.size:
        return None
    near = np.flatnonzero(vectors[list(kept)] @ vectors[place] >= cosine)
    return kept[int(near[0])] if len(near) else None
