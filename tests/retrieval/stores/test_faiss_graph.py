"""The approximate index: built by flush, saved, mapped again, extended and never built twice for a small change."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from conformance import DIMENSION, FINGERPRINT

from mtl_core.errors import ArtifactError, InputError
from retrieval.filters import Eq
from retrieval.stores import faiss_store, faiss_view
from retrieval.stores.base import StoreSpec
from retrieval.stores.faiss_index import IndexRule
from retrieval.stores.faiss_store import FaissStore

SPEC = StoreSpec(dimension=DIMENSION, fingerprint=FINGERPRINT)
COUNT = 600
RULES = {
    kind: IndexRule(kind=kind, flat_up_to=100, exact_up_to=0, exact_share=0.001, width=64, probes=0.5)
    for kind in ("hnsw", "ivf")
}


def vectors(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def fill(store: FaissStore, count: int = COUNT, *, head: str = "id", seed: int = 0) -> None:
    store.upsert(
        [f"{head}-{n:04d}" for n in range(count)], vectors(count, seed), [{"part": n % 2} for n in range(count)]
    )


@pytest.fixture(params=RULES)
def rule(request) -> IndexRule:
    return RULES[request.param]


@pytest.fixture
def folder(tmp_path: Path, rule: IndexRule) -> Path:
    with opened(tmp_path / "store", rule) as store:
        fill(store)
    return tmp_path / "store"


def opened(folder: Path | None, rule: IndexRule, **options) -> FaissStore:
    return FaissStore.open(folder, spec=SPEC, rule=rule, **options)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows the index covered, each time that it was asked."""
    covered = []
    real = faiss_view.candidates_of

    def counting(graph, *arguments, **options):
        covered.append(graph.rows)
        return real(graph, *arguments, **options)

    monkeypatch.setattr(faiss_view, "candidates_of", counting)
    return covered


@pytest.fixture
def no_building(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_, **__):
        raise AssertionError("the index was built again")

    monkeypatch.setattr(faiss_store, "build_graph", refuse)


def recall(store: FaissStore, held: np.ndarray, names: list[str], where=None, wanted=None) -> float:
    queries = vectors(50, 99)
    exact = queries @ held.T
    if wanted is not None:
        exact[:, ~wanted] = -np.inf
    found = store.search(queries, k=10, where=where)
    best = [{names[row] for row in rows} for rows in np.argsort(-exact, axis=1)[:, :10]]
    return float(np.mean([len({hit.id for hit in hits} & right) / 10 for hits, right in zip(found, best, strict=True)]))


def test_the_index_is_saved_and_asked_after_opening(folder: Path, rule, asked, no_building) -> None:
    assert len(list(folder.glob("graph-*.faiss"))) == 1
    with opened(folder, rule, read_only=True) as store:
        assert recall(store, vectors(COUNT, 0), [f"id-{n:04d}" for n in range(COUNT)]) >= 0.9
    assert set(asked) == {COUNT}


def test_no_query_is_no_error(folder: Path, rule) -> None:
    with opened(folder, rule, read_only=True) as store:
        assert store.search(np.zeros((0, DIMENSION), np.float32), k=3) == []


def test_a_filter_comes_before_the_index(folder: Path, rule, asked) -> None:
    with opened(folder, rule, read_only=True) as store:
        odd = np.arange(COUNT) % 2 == 1
        names = [f"id-{n:04d}" for n in range(COUNT)]
        assert recall(store, vectors(COUNT, 0), names, Eq("part", 1), odd) >= 0.9
        assert all(hit.payload == {"part": 1} for hit in store.search(vectors(1, 5), k=50, where=Eq("part", 1))[0])
    assert asked


def test_a_small_change_builds_nothing_and_is_seen(folder: Path, rule, asked, no_building) -> None:
    (before,) = folder.glob("graph-*")
    fresh = vectors(20, 7)
    with opened(folder, rule) as store:
        store.upsert([f"id-{n:04d}" for n in range(10)], fresh[:10], [{}] * 10)
        store.upsert([f"new-{n}" for n in range(10)], fresh[10:], [{}] * 10)
        assert store.delete([f"id-{n:04d}" for n in range(10, 20)]) == 10
        assert [hits[0].id for hits in store.search(fresh[:1], k=1)] == ["id-0000"]
    with opened(folder, rule, read_only=True) as store:
        assert [hits[0].id for hits in store.search(fresh, k=1)] == [f"id-{n:04d}" for n in range(10)] + [
            f"new-{n}" for n in range(10)
        ]
        old = store.search(vectors(COUNT, 0)[:20], k=3)
        assert not {hit.id for hits in old for hit in hits} & {f"id-{n:04d}" for n in range(10, 20)}
        # the nearest of an overruled vector is no longer itself
        assert all(hits[0].score < 0.9999 for hits in old)
    assert list(folder.glob("graph-*")) == [before]
    assert set(asked) == {COUNT}


def test_many_new_rows_extend_the_index(folder: Path, rule, asked, no_building) -> None:
    with opened(folder, rule) as store:
        fill(store, 90, head="more", seed=1)
    with opened(folder, rule, read_only=True) as store:
        held = np.concatenate([vectors(COUNT, 0), vectors(90, 1)])
        names = [f"id-{n:04d}" for n in range(COUNT)] + [f"more-{n:04d}" for n in range(90)]
        assert recall(store, held, names) >= 0.9
    assert set(asked) == {COUNT + 90}


def test_a_missing_index_is_a_slower_search_and_built_by_the_next_writer(folder: Path, rule, asked) -> None:
    (graph,) = folder.glob("graph-*")
    graph.unlink()
    with opened(folder, rule, read_only=True) as store:
        assert recall(store, vectors(COUNT, 0), [f"id-{n:04d}" for n in range(COUNT)]) == 1.0
    assert not asked
    with opened(folder, rule) as store:
        store.delete(["id-0000"])
    assert len(list(folder.glob("graph-*"))) == 1


def test_a_changed_index_is_refused(folder: Path, rule) -> None:
    (graph,) = folder.glob("graph-*")
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    with pytest.raises(ArtifactError, match="changed or cut off"):
        opened(folder, rule).search(vectors(1, 0), k=1)


def test_an_index_that_this_faiss_cannot_read_is_left_alone(folder: Path, rule, asked) -> None:
    (graph,) = folder.glob("graph-*")
    graph.write_bytes(b"IxXX" + b"\0" * 60)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["graph"]["file"].update(bytes=64, sha256=hashlib.sha256(graph.read_bytes()).hexdigest())
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with opened(folder, rule, read_only=True) as store:
        assert store.search(vectors(COUNT, 0)[5:6], k=1)[0][0].id == "id-0005"
    assert not asked


def test_rows_that_are_written_anew_get_a_new_index(folder: Path, rule, asked) -> None:
    with opened(folder, rule) as store:
        store.delete([f"id-{n:04d}" for n in range(200)])
    with opened(folder, rule, read_only=True) as store:
        assert store.search(vectors(COUNT, 0)[300:301], k=1)[0][0].id == "id-0300"
    assert set(asked) == {400}


def test_in_memory_flush_builds_it_too(rule, asked) -> None:
    with opened(None, rule) as store:
        fill(store)
        store.search(vectors(1, 5), k=3)
        assert not asked
        store.flush()
        store.search(vectors(1, 5), k=3)
        assert asked == [COUNT]


def test_rows_that_no_longer_stand_do_not_tip_the_choice(tmp_path: Path) -> None:
    rule = IndexRule(flat_up_to=COUNT, exact_up_to=0, exact_share=0.0)
    with opened(tmp_path / "edge", rule) as store:
        fill(store)
        store.flush()
        fill(store)
        store.flush()
        assert not list((tmp_path / "edge").glob("graph-*"))
        fill(store, 1, head="one-more")
        store.flush()
        assert list((tmp_path / "edge").glob("graph-*"))


def test_the_size_decides_unless_the_user_does() -> None:
    rule = IndexRule()
    counts = (10, 100_000, 100_001, 13_000_000, 13_200_000)
    assert [rule.choose(count, 384) for count in counts] == ["flat", "flat", "hnsw", "hnsw", "ivf"]
    assert IndexRule(kind="flat").choose(20_000_000, 384) == "flat"
    for wrong in ({"kind": "tree"}, {"width": 0}, {"memory": -1}, {"probes": 0}, {"exact_share": 2}):
        with pytest.raises(InputError):
            IndexRule(**wrong)
