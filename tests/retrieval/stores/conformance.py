"""What every store must do: one suite and one state machine, run over each of them beside a dictionary."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mtl_core.errors import ArtifactError, InputError
from retrieval.filters import And, Contains, Eq, In, Not, Or, Range, fields_of, matches
from retrieval.stores.checks import paths_of

DIMENSION = 8
FINGERPRINT = "conformance"
SUBJECTS = ("science", "history", "música", 'a "quoted" one', "x' or '1'='1")

names = st.sampled_from([f"id-{n}" for n in range(12)] + ["ünï", "with space", "quote'\"", "back\\slash"])
scalars = st.one_of(st.sampled_from(SUBJECTS), st.integers(-3, 3), st.booleans(), st.sampled_from([0.5, 1.0, -2.5]))
payloads = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.fixed_dictionaries(
            {}, optional={"subject": scalars, "minutes": scalars, "tags": st.lists(scalars, max_size=3)}
        ),
        "fields": st.fixed_dictionaries({"text": st.sampled_from(["", "one", 'two\n"lines" é'])}),
    },
)
paths = st.sampled_from(["metadata.subject", "metadata.minutes", "metadata.tags"])
leaves = st.one_of(
    st.builds(Eq, paths, scalars),
    st.builds(Contains, paths, scalars),
    st.builds(lambda path, values: In(path, tuple(values)), paths, st.lists(scalars, max_size=3)),
    st.builds(Range, paths, st.integers(-3, 3), st.integers(-3, 3)),
)
filters = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: And(tuple(parts)), st.lists(inner, max_size=3)),
        st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, max_size=3)),
    ),
    max_leaves=5,
)


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def filled(store, count: int = 20) -> list[dict]:
    payloads = [
        {"metadata": {"subject": SUBJECTS[n % 3], "minutes": n, "tags": [SUBJECTS[n % 5], n % 2 == 0]}}
        for n in range(count)
    ]
    store.upsert([f"id-{n:02d}" for n in range(count)], np.stack([unit(n) for n in range(count)]), payloads)
    return payloads


class StoreConformance:
    """Subclass it with a fixture ``store`` that gives an empty store, and ``reopen`` that opens it again.

    ``tolerance`` is how far a score may be from the exact cosine.
    """

    tolerance = 1e-5

    def test_what_goes_in_comes_out(self, store) -> None:
        payloads = filled(store)
        for n, record in enumerate(store.get([f"id-{n:02d}" for n in range(20)])):
            assert (record.id, record.payload) == (f"id-{n:02d}", payloads[n])
            np.testing.assert_allclose(record.vector, unit(n), atol=max(self.tolerance, 1e-6))
        assert store.get(["id-03", "nowhere"])[1] is None
        assert store.count() == 20

    def test_an_id_that_is_there_is_replaced(self, store) -> None:
        filled(store)
        store.upsert(["id-03"], unit(99)[None], [{"metadata": {"subject": "new"}}])
        assert store.count() == 20
        assert store.get(["id-03"])[0].payload == {"metadata": {"subject": "new"}}
        assert store.search(unit(99)[None], k=1)[0][0].id == "id-03"
        assert store.count(Eq("metadata.subject", "new")) == 1

    def test_delete_tells_how_many_were_there(self, store) -> None:
        filled(store)
        assert store.delete(["id-01", "nowhere", "id-02"]) == 2
        assert store.delete(["id-01"]) == 0
        assert store.count() == 18
        assert all(hit.id not in {"id-01", "id-02"} for hit in store.search(unit(1)[None], k=20)[0])

    def test_the_order_is_that_of_the_cosine(self, store) -> None:
        filled(store)
        queries = np.stack([unit(n) for n in range(100, 104)])
        exact = queries @ np.stack([unit(n) for n in range(20)]).T
        for scores, hits in zip(exact, store.search(queries, k=7), strict=True):
            assert [hit.id for hit in hits] == [f"id-{row:02d}" for row in np.argsort(-scores)[:7]]
            np.testing.assert_allclose([hit.score for hit in hits], np.sort(scores)[::-1][:7], atol=self.tolerance)

    def test_equal_scores_come_by_id(self, store) -> None:
        store.upsert(["b", "c", "a"], np.stack([unit(1)] * 3), [{}, {}, {}])
        assert [hit.id for hit in store.search(unit(1)[None], k=2)[0]] == ["a", "b"]

    def test_a_filter_comes_before_the_search(self, store) -> None:
        payloads = filled(store)
        for where in (
            Eq("metadata.minutes", 7),
            Range("metadata.minutes", 15, None),
            Contains("metadata.tags", True),
            Not(Eq("metadata.subject", "science")),
            And((In("metadata.subject", ("science", "history")), Range("metadata.minutes", None, 9))),
            Or((Eq("metadata.minutes", 0), Contains("metadata.tags", SUBJECTS[4]))),
        ):
            wanted = {f"id-{n:02d}" for n, payload in enumerate(payloads) if matches(where, payload)}
            assert {hit.id for hit in store.search(unit(3)[None], k=20, where=where)[0]} == wanted
            assert [record.id for record in store.scan(where)] == sorted(wanted)
            assert store.count(where) == len(wanted)

    def test_k_above_the_count_gives_all(self, store) -> None:
        assert store.search(unit(0)[None], k=5) == [[]]
        filled(store, 3)
        assert len(store.search(unit(0)[None], k=50)[0]) == 3

    def test_most_of_the_nearest_are_found(self, store) -> None:
        count = 1000
        drawn = np.random.default_rng(7).standard_normal((count + 20, DIMENSION)).astype(np.float32)
        held, queries = np.split(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), [count])
        store.upsert([str(n) for n in range(count)], held, [{"part": n % 100} for n in range(count)])
        store.flush()
        for highest in (99, 49, 9, 0):
            wanted = np.arange(count) % 100 <= highest
            exact = np.where(wanted, queries @ held.T, -np.inf)
            where = None if highest == 99 else Range("part", None, highest)
            found = [{int(hit.id) for hit in hits} for hits in store.search(queries, k=10, where=where)]
            right = [set(rows.tolist()) for rows in np.argsort(-exact, axis=1)[:, :10]]
            shares = [len(one & other) / 10 for one, other in zip(found, right, strict=True)]
            assert all(len(one) == 10 and all(wanted[row] for row in one) for one in found)
            assert float(np.mean(shares)) >= 0.99

    def test_it_is_there_again(self, store, reopen: Callable) -> None:
        payloads = filled(store)
        store.delete(["id-05"])
        store.flush()
        store.upsert(["late"], unit(50)[None], [{"metadata": {"minutes": 1}}])
        store.close()
        with reopen() as again:
            assert again.count() == 20
            assert again.get(["id-05", "late"])[0] is None
            assert [record.payload for record in again.get(["id-07"])] == [payloads[7]]
            assert again.search(unit(50)[None], k=1)[0][0].id == "late"

    def test_another_encoder_is_refused(self, store, reopen: Callable) -> None:
        filled(store, 2)
        store.close()
        with pytest.raises(ArtifactError, match="encoder"):
            reopen(fingerprint="another")

    def test_threads_disturb_nothing(self, store) -> None:
        filled(store)

        def work(number: int) -> int:
            store.upsert([f"thread-{number}"], unit(200 + number)[None], [{"metadata": {"minutes": number}}])
            return len(store.search(unit(number)[None], k=5)[0])

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(16))) == [5] * 16
        assert store.count() == 36

    @pytest.mark.parametrize(
        ("ids", "vectors", "message"),
        [
            (["a"], np.full((1, DIMENSION), np.nan, np.float32), "NaN"),
            (["a"], np.ones((1, DIMENSION), np.float32), "length"),
            (["a"], np.ones((1, DIMENSION + 1), np.float32), "dimensions"),
            (["a", "a"], np.stack([unit(1)] * 2), "twice"),
            ([""], unit(1)[None], "no id"),
            (["a", "b"], unit(1)[None], "payload"),
        ],
        ids=["nan", "length", "dimension", "twice", "empty", "counts"],
    )
    def test_bad_input_changes_nothing(self, store, ids, vectors, message) -> None:
        filled(store, 2)
        with pytest.raises(InputError, match=message):
            store.upsert(ids, vectors, [{}] * len(vectors))
        assert store.count() == 2

    def test_bad_questions_are_refused(self, store) -> None:
        filled(store, 2)
        with pytest.raises(InputError, match="k is 0"):
            store.search(unit(1)[None], k=0)
        with pytest.raises(InputError, match=r"metadata\.colour"):
            store.search(unit(1)[None], k=1, where=Eq("metadata.colour", "red"))
        with pytest.raises(InputError, match="NaN"):
            store.search(np.full((1, DIMENSION), math.nan, np.float32), k=1)
        with pytest.raises(InputError, match="JSON"):
            store.upsert(["a"], unit(1)[None], [{"n": math.inf}])


class StoreMachine(RuleBasedStateMachine):
    """Any course of changes and questions, beside a dictionary. Subclasses set ``make`` and ``reopen``."""

    tolerance = 1e-5

    def make(self):
        raise NotImplementedError

    def reopen(self):
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, tuple[np.ndarray, dict]] = {}
        self.store = self.make()

    def teardown(self) -> None:
        self.store.close()

    def is_refused(self, where) -> bool:
        """A filter on a field that no item has is a mistake, unless no item has any field."""
        known = {path for _, one in self.model.values() for path in paths_of(one)}
        return bool(known) and bool(fields_of(where) - known)

    @rule(items=st.lists(st.tuples(names, st.integers(0, 30), payloads), max_size=5, unique_by=lambda item: item[0]))
    def upsert(self, items) -> None:
        vectors = np.stack([unit(seed) for _, seed, _ in items]) if items else np.zeros((0, DIMENSION), np.float32)
        self.store.upsert([name for name, _, _ in items], vectors, [one for _, _, one in items])
        self.model.update({name: (unit(seed), one) for name, seed, one in items})

    @rule(ids=st.lists(names, max_size=4))
    def delete(self, ids) -> None:
        assert self.store.delete(ids) == len(set(ids) & set(self.model))
        for name in ids:
            self.model.pop(name, None)

    @rule(seed=st.integers(0, 30), k=st.integers(1, 20), where=st.one_of(st.none(), filters))
    def search(self, seed, k, where) -> None:
        wanted = {name: vector for name, (vector, one) in self.model.items() if where is None or matches(where, one)}
        if self.is_refused(where):
            with pytest.raises(InputError, match="No item has the field"):
                self.store.search(unit(seed)[None], k=k, where=where)
            return
        hits = self.store.search(unit(seed)[None], k=k, where=where)[0]
        exact = {name: float(vector @ unit(seed)) for name, vector in wanted.items()}
        assert len(hits) == min(k, len(wanted))
        np.testing.assert_allclose(
            [hit.score for hit in hits], sorted(exact.values(), reverse=True)[: len(hits)], atol=self.tolerance
        )
        for hit in hits:
            assert abs(hit.score - exact[hit.id]) <= self.tolerance
            assert hit.payload == self.model[hit.id][1]

    @rule(where=filters)
    def scan(self, where) -> None:
        if self.is_refused(where):
            with pytest.raises(InputError, match="No item has the field"):
                list(self.store.scan(where))
            return
        found = [record.id for record in self.store.scan(where)]
        assert found == sorted(name for name, (_, one) in self.model.items() if matches(where, one))

    @rule()
    def flush(self) -> None:
        self.store.flush()

    @rule()
    def close_and_reopen(self) -> None:
        self.store.close()
        self.store = self.reopen()

    @invariant()
    def counts(self) -> None:
        assert self.store.count() == len(self.model)
