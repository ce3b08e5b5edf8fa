"""Gap-aware ranking beside relevance only and MMR, on the judged set.

    python -m benchmarks.gap_ranking [--tune] [--json]

The few weights are tuned on one half of the set (``--tune`` shows how) and the figures come from the other half.
Every method ranks the same candidates: the templates that fit grade and subject at all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.judged_set import JUDGED, JudgedPlan, read_judged, split_of
from mtl_core.quality import QualityModel
from retrieval import TemplateIndex, TemplateLibrary
from retrieval.alpha_ndcg import alpha_ndcg, ndcg
from retrieval.diversity import pairwise_similarity, rank_by_mmr
from retrieval.ranking import PlanNeeds, RankingConfig, gap_weights, rank_for_gaps, suitable
from retrieval.recommend import RecommenderConfig

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from retrieval.index import SearchHit

__all__ = ["Case", "figures", "methods", "tuned"]

CUT = 5
MMR_TRADE_OFF = 0.8
"""The best on the tuning half, as ``--tune`` found it."""
_MOST_LOSS = 0.03
"""Topical loss that tuning allows on its half; below the bar of 0.05, since the other half may fall out worse."""
_GRID: Mapping[str, tuple[float, ...]] = {
    "coverage": (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0),
    "secondary": (0.2, 0.35, 0.5, 0.65, 0.8),
    "primary": (0.7, 0.8, 0.9, 1.0),
    "redundancy": (0.0, 0.1, 0.2, 0.3, 0.4),
}
_SUBJECT = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4)
_TRADE_OFFS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Case:
    """One judged plan with what a ranking gets to see.

    Args:
        plan: The judgements.
        needs: Gaps as judged, grade and subject.
        predicted: The same with the gaps that the quality heads predict.
        hits: Candidates with the cosine of plan and template.
        vectors: ``[len(hits), dimension]`` unit vectors of the candidates.
    """

    plan: JudgedPlan
    needs: PlanNeeds
    predicted: PlanNeeds
    hits: Sequence[SearchHit]
    vectors: NDArray[np.float32]


Method = Callable[[Case], list[str]]


def ours(config: RankingConfig, *, predicted: bool = False) -> Method:
    """The gap-aware ranking, with the judged gaps or the predicted ones."""

    def rank(case: Case) -> list[str]:
        needs = case.predicted if predicted else case.needs
        ranked = rank_for_gaps(case.hits, needs, k=CUT, config=config, vectors=case.vectors)
        return [item.template.id for item in ranked]

    return rank


def relevance_only(config: RankingConfig) -> Method:
    """The same relevance without gaps."""
    return ours(replace(config, coverage=0.0, redundancy=0.0))


def mmr(config: RankingConfig, *, trade_off: float) -> Method:
    """Maximal marginal relevance over the same relevance."""

    def rank(case: Case) -> list[str]:
        everything = rank_for_gaps(
            case.hits, case.needs, k=max(1, len(case.hits)), config=replace(config, coverage=0.0, redundancy=0.0)
        )
        relevance = {item.template.id: item.relevance.total for item in everything}
        rows = rank_by_mmr(
            np.array([relevance[hit.template.id] for hit in case.hits]),
            pairwise_similarity(case.vectors),
            k=CUT,
            trade_off=trade_off,
        )
        return [case.hits[row].template.id for row in rows]

    return rank


def most_gaps(config: RankingConfig) -> Method:
    """By the sum of the gaps that each template repairs, whatever stands before it: coverage without diversity."""

    def rank(case: Case) -> list[str]:
        alone = [
            (rank_for_gaps([hit], case.needs, k=1, config=replace(config, redundancy=0.0))[0].score, hit.template.id)
            for hit in case.hits
        ]
        return [name for _, name in sorted(alone, key=lambda pair: -pair[0])[:CUT]]

    return rank


def methods(config: RankingConfig, *, trade_off: float) -> dict[str, Method]:
    """Everything that is compared, by name."""
    return {
        "cosine only": relevance_only(replace(config, grade=0.0, subject=0.0)),
        "relevance only": relevance_only(config),
        "MMR": mmr(config, trade_off=trade_off),
        "gaps without coverage": most_gaps(config),
        "ours": ours(config),
        "ours, predicted gaps": ours(config, predicted=True),
    }


def figures(method: Method, cases: Sequence[Case]) -> dict[str, NDArray[np.float64]]:
    """Figures of each case.

    Args:
        method: Ranks a case.
        cases: The cases.

    Returns:
        ``[cases]`` of alpha-nDCG@5, the same with the gaps weighted, and topical nDCG@5.
    """
    rows = []
    for case in cases:
        ranking = method(case)
        aspects = case.plan.aspects
        rows.append(
            (
                alpha_ndcg(ranking, aspects, k=CUT),
                alpha_ndcg(ranking, aspects, k=CUT, weights=case.plan.gaps),
                ndcg(ranking, case.plan.topical, k=CUT),
            )
        )
    table = np.array(rows, np.float64).reshape(len(cases), 3)
    return dict(zip(("alpha_ndcg", "alpha_ndcg_weighted", "topical_ndcg"), table.T, strict=True))


def tuned(cases: Sequence[Case], start: RankingConfig) -> tuple[RankingConfig, float]:
    """Tune the weights, one after another, twice over.

    The weight of the subject is what serves relevance only best, so that the baseline is as strong as it can be.
    The others maximise alpha-nDCG among values that lose at most 0.03 topical nDCG.

    Args:
        cases: The tuning half.
        start: Where to begin; its values win ties.

    Returns:
        The config, and the best trade-off of MMR.
    """

    def mean(method: Method, name: str) -> float:
        return round(float(figures(method, cases)[name].mean()), 6)

    config = max(
        (replace(start, subject=value) for value in (start.subject, *_SUBJECT)),
        key=lambda tried: mean(relevance_only(tried), "topical_ndcg"),
    )
    floor = mean(relevance_only(config), "topical_ndcg") - _MOST_LOSS
    for _ in range(2):
        for name, values in _GRID.items():
            tried = [replace(config, **{name: value}) for value in (getattr(config, name), *values)]
            measured = [(mean(ours(one), "alpha_ndcg"), mean(ours(one), "topical_ndcg")) for one in tried]
            # what loses too much comes after everything that does not
            best = max(range(len(tried)), key=lambda row: (measured[row][1] >= floor, measured[row][0]))
            config = tried[best]
    trade_off = max(_TRADE_OFFS, key=lambda value: mean(mmr(config, trade_off=value), "alpha_ndcg"))
    return config, trade_off


def interval(difference: NDArray[np.float64], *, seed: int = 0, draws: int = 10_000) -> tuple[float, float]:
    """95 % interval of a mean over cases, by the bootstrap."""
    rows = np.random.default_rng(seed).integers(0, len(difference), (draws, len(difference)))
    low, high = np.percentile(difference[rows].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def cases_of(plans: Sequence[JudgedPlan], index: TemplateIndex, model: QualityModel) -> list[Case]:
    """Read each plan and find its candidates."""
    cases = []
    for plan in plans:
        analysis = model.analyse(plan.plan)
        absent = {key: r.probability for key, r in analysis.measures.items() if r.verdict != "present"}
        needs = PlanNeeds(gaps=plan.gaps, grade=plan.grade, subject=plan.subject)
        found = index.search(analysis.vector, k=len(index))
        hits = [hit for hit in found if suitable(hit.template, needs)]
        rows = index.vectors_of([hit.template.id for hit in hits])
        cases.append(Case(plan, needs, replace(needs, gaps=gap_weights(absent)), hits, rows))
    return cases


def report(cases: Sequence[Case], config: RankingConfig, trade_off: float) -> dict[str, Any]:
    """Means of every method, and what ours gains over relevance only."""
    all_figures = {name: figures(method, cases) for name, method in methods(config, trade_off=trade_off).items()}
    ours_now, before = all_figures["ours"], all_figures["relevance only"]
    gained = ours_now["alpha_ndcg"] - before["alpha_ndcg"]
    lost = before["topical_ndcg"] - ours_now["topical_ndcg"]
    return {
        "plans": len(cases),
        "methods": {
            name: {figure: round(float(values.mean()), 4) for figure, values in one.items()}
            for name, one in all_figures.items()
        },
        "gain_alpha_ndcg": {"mean": round(float(gained.mean()), 4), "interval": interval(gained)},
        "loss_topical_ndcg": {"mean": round(float(lost.mean()), 4), "interval": interval(lost)},
    }


def main() -> None:
    """Print the figures of the report half, and with ``--tune`` the tuned weights before them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judged", type=Path, default=JUDGED)
    parser.add_argument("--tune", action="store_true", help="tune on the tuning half first")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    library = TemplateLibrary.shipped()
    plans = read_judged(options.judged, templates=library)
    model = QualityModel.from_pretrained()
    index = TemplateIndex.build(library, encoder=model.encoder)
    config, trade_off = RecommenderConfig().ranking, MMR_TRADE_OFF
    if options.tune:
        tuning = cases_of(split_of(plans, "tune"), index, model)
        config, trade_off = tuned(tuning, config)
        print(json.dumps({"tuned": repr(config), "mmr_trade_off": trade_off, **report(tuning, config, trade_off)}))
    result = report(cases_of(split_of(plans, "report"), index, model), config, trade_off)
    if options.json:
        print(json.dumps(result))
        return
    print(f"report half: {result['plans']} plans, {config}, MMR trade-off {trade_off}")
    rows = result["methods"]
    print(f"{'method':24s} alpha-nDCG@5  weighted  topical nDCG@5")
    for name, row in rows.items():
        print(f"{name:24s} {row['alpha_ndcg']:12.3f} {row['alpha_ndcg_weighted']:9.3f} {row['topical_ndcg']:15.3f}")
    print(f"gain in alpha-nDCG@5: {result['gain_alpha_ndcg']}, loss of topical nDCG@5: {result['loss_topical_ndcg']}")


if __name__ == "__main__":
    main()
