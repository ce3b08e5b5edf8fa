"""Search quality on a judged collection: ours beside plain BM25, plain MiniLM and their rank fusion, in one run.

python -m benchmarks.search_quality --data ../shared/data/oak_search

The weight of the vectors in the fusion is also chosen by cross-validation over the queries: each fold is answered
with the weight that was best on the other folds. So are, with ``--thorough``, the boost and the error rate of the
spelling. The shipped default is shown beside both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import bm25s
import numpy as np
import Stemmer
import typer

from mtl_core.encoder import SharedEncoder
from retrieval.evaluate import cached_vectors, evaluate_rankings, rankings_of
from retrieval.evaluate_beir import Benchmark, BenchmarkQuery, read_benchmark
from retrieval.evaluate_metrics import ndcg
from retrieval.search import LessonSearch
from retrieval.search_config import LegWeights, SearchConfig
from retrieval.search_dense import dense_text
from retrieval.stores.urls import open_store

DEEPEST = 100
RANK_OFFSET = 60
GRID = (0.3, 0.4, 0.5, 0.6, 0.7)

Rankings = dict[str, list[str]]
Setting = TypeVar("Setting")


def plain_bm25(benchmark: Benchmark, config: SearchConfig) -> Rankings:
    """bm25s over title and text, stemmed, with its own defaults."""
    stemmer = Stemmer.Stemmer("english")
    texts = [dense_text(document, config) for document in benchmark.documents]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False), show_progress=False)
    asked = bm25s.tokenize(
        [query.text for query in benchmark.queries], stopwords="en", stemmer=stemmer, show_progress=False
    )
    found, _ = index.retrieve(asked, k=DEEPEST, show_progress=False)
    return {
        query.id: [benchmark.documents[row].id for row in rows]
        for query, rows in zip(benchmark.queries, found.tolist(), strict=True)
    }


def plain_dense(benchmark: Benchmark, vectors: np.ndarray, encoder: SharedEncoder) -> Rankings:
    """The nearest vectors to the query as it was typed."""
    asked = encoder.encode([query.text for query in benchmark.queries]).vectors
    order = np.argsort(-(asked @ vectors.T), axis=1, kind="stable")[:, :DEEPEST]
    return {
        query.id: [benchmark.documents[row].id for row in rows]
        for query, rows in zip(benchmark.queries, order.tolist(), strict=True)
    }


def rank_fusion(rankings: Sequence[Mapping[str, Sequence[str]]]) -> Rankings:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009)."""
    fused: Rankings = {}
    for query in rankings[0]:
        scores: dict[str, float] = {}
        for one in rankings:
            for place, name in enumerate(one[query], 1):
                scores[name] = scores.get(name, 0.0) + 1 / (RANK_OFFSET + place)
        fused[query] = sorted(scores, key=lambda name: (-scores[name], name))[:DEEPEST]
    return fused


def cross_validated(
    queries: Sequence[BenchmarkQuery], by_setting: Mapping[Setting, Rankings], *, folds: int, seed: int = 0
) -> tuple[Rankings, list[Setting]]:
    """Each fold by the setting that is best on the others."""
    place = np.random.default_rng(seed).permutation(len(queries)) % folds
    values = {one: np.asarray([ndcg(found[q.id], q.judged) for q in queries]) for one, found in by_setting.items()}
    chosen: Rankings = {}
    picked = []
    for fold in range(folds):
        best = max(by_setting, key=lambda one: float(values[one][place != fold].mean()))
        picked.append(best)
        for query, where in zip(queries, place, strict=True):
            if where == fold:
                chosen[query.id] = by_setting[best][query.id]
    return chosen, picked


def settings_of(config: SearchConfig) -> dict[str, SearchConfig]:
    """The settings that ``--thorough`` chooses from: the defaults with one of them changed."""
    tried = {
        f"error rate {rate}": config.model_copy(
            update={"spelling": config.spelling.model_copy(update={"error_rate": rate})}
        )
        for rate in (0.005, 0.02, 0.08)
    }
    for boost in (0.0, 0.1, 0.4):
        tried[f"boost {boost:g}"] = config.model_copy(update={"boost": boost})
    return tried


def main(
    data: Annotated[Path, typer.Option(help="Folder in BEIR form.")],
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps the vectors.")] = None,
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = 5,
    *,
    thorough: Annotated[bool, typer.Option(help="Choose boost and spelling as well.")] = False,
) -> None:
    """Print nDCG@10 overall and by category of every system."""
    benchmark, encoder, config = read_benchmark(data), SharedEncoder.load(), SearchConfig()
    with tempfile.TemporaryDirectory() as folder:
        vectors = cached_vectors(benchmark.documents, encoder=encoder, config=config, folder=cache or Path(folder))
    words, dense = plain_bm25(benchmark, config), plain_dense(benchmark, vectors, encoder)
    by_weight: dict[float, Rankings] = {}
    with open_store("memory:", dimension=encoder.dimension, fingerprint=encoder.fingerprint) as store:
        LessonSearch(store, encoder, config).add_encoded(benchmark.documents, vectors)
        for weight in GRID:
            changed = config.model_copy(update={"leg_weights": LegWeights(dense=weight, bm25=1 - weight)})
            by_weight[weight] = rankings_of(LessonSearch(store, encoder, changed), benchmark.queries, mode="hybrid")
        by_setting = {
            name: rankings_of(LessonSearch(store, encoder, changed), benchmark.queries, mode="hybrid")
            for name, changed in (settings_of(config) if thorough else {}).items()
        }
        legs = {
            f"ours, {mode} leg alone": rankings_of(LessonSearch(store, encoder, config), benchmark.queries, mode=mode)
            for mode in ("bm25", "dense")
        }
    held_out, picked = cross_validated(benchmark.queries, by_weight, folds=folds)
    systems = {
        "BM25, stemmed": words,
        "MiniLM": dense,
        "rank fusion of both": rank_fusion([words, dense]),
        **legs,
        f"ours, hybrid, weight of the vectors chosen on other folds ({picked})": held_out,
        f"ours, hybrid, shipped default ({config.leg_weights.dense:g})": by_weight[config.leg_weights.dense],
    }
    if by_setting:
        found, names = cross_validated(benchmark.queries, by_setting, folds=folds)
        systems[f"ours, hybrid, boost and error rate chosen on other folds ({names})"] = found
        for name, found in by_setting.items():
            systems[f"ours, hybrid, {name}"] = found
    categories = sorted({query.category for query in benchmark.queries})
    print(f"{len(benchmark.documents)} documents, {len(benchmark.queries)} queries, nDCG@10\n")
    print(f"| system | overall | {' | '.join(categories)} |\n|---|---|{'---|' * len(categories)}")
    for name, found in systems.items():
        figures = evaluate_rankings(found, benchmark.queries)
        cells = [figures["overall"]["ndcg@10"], *(figures["by_category"][one]["ndcg@10"] for one in categories)]  # type: ignore[index]
        print(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")


if __name__ == "__main__":
    typer.run(main)
