"""Gap-aware ranking: templates that repair the chosen gap first and other gaps besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retrieval.index import SearchHit

__all__ = ["rank_for_gap"]

PRIMARY_BONUS = 0.10
OTHER_GAP_BONUS = 0.04


def rank_for_gap(hits: Sequence[SearchHit], *, gap: str, gaps: Mapping[str, float]) -> list[SearchHit]:
    """Order hits by similarity plus what they repair.

    A template written for the gap gains ``PRIMARY_BONUS``; each other open gap that it repairs gains
    ``OTHER_GAP_BONUS`` times the gap's weight. Ties keep the order of ``hits``.

    Args:
        hits: Results of a search.
        gap: The measure to repair.
        gaps: Weight (0 to 1) by open gap.

    Returns:
        The hits in the new order, their scores unchanged.
    """

    def gain(hit: SearchHit) -> float:
        others = sum(gaps.get(measure, 0.0) for measure in hit.template.measures if measure != gap)
        primary = PRIMARY_BONUS if hit.template.measures[0] == gap else 0.0
        return hit.score + primary + OTHER_GAP_BONUS * others

    return sorted(hits, key=gain, reverse=True)
