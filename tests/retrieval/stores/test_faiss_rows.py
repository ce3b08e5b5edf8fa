"""What a part is made of: arrays in a safetensors file, columns beside payloads, ids found by their hash."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from conformance import filters, payloads
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load, save

from retrieval.filters import And, Contains, Eq, In, Not, Range, matches
from retrieval.stores import columns, rows
from retrieval.stores.faiss_scan import best_of, scan_rows
from retrieval.stores.faiss_tensors import mapped_tensors, write_tensors
from retrieval.stores.faiss_texts import Texts, hashes_of
from retrieval.stores.rows import Segment, merged

DIMENSION = 3


def segment_of(held: list[dict], head: str = "id") -> Segment:
    vectors = np.random.default_rng(len(held)).standard_normal((len(held), DIMENSION)).astype(np.float32)
    encoded = [json.dumps(one).encode() for one in held]
    return Segment.of([f"{head}-{n}" for n in range(len(held))], vectors, held, encoded)


def again(segment: Segment) -> Segment:
    stream = io.BytesIO()
    write_tensors(stream, segment.arrays())
    return Segment.from_arrays(mapped_tensors(stream.getvalue()))


ARRAYS = {
    "a": np.arange(5, dtype=np.int64),
    "b": np.ones((3, 3), np.float32),
    "c": np.zeros((0, 4), np.float32),
    "é": np.frombuffer(b"odd", np.uint8),
}


def test_the_library_reads_what_is_written() -> None:
    stream = io.BytesIO()
    write_tensors(stream, ARRAYS)
    for read in (load(stream.getvalue()), mapped_tensors(stream.getvalue())):
        assert read.keys() == ARRAYS.keys()
        for name, array in ARRAYS.items():
            assert read[name].dtype == array.dtype
            np.testing.assert_array_equal(read[name], array)


def test_what_the_library_writes_is_read() -> None:
    read = mapped_tensors(save(ARRAYS, metadata={"of": "us"}))
    np.testing.assert_array_equal(read["b"], ARRAYS["b"])


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, (99).to_bytes(8, "little") + b"{}"], ids=["no", "long", "cut"])
def test_other_bytes_are_no_arrays(content: bytes) -> None:
    with pytest.raises(ValueError, match="cut off"):
        mapped_tensors(content)


def test_an_array_outside_the_file_is_refused() -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    with pytest.raises(ValueError, match="does not fit"):
        mapped_tensors(len(header).to_bytes(8, "little") + header + b"\0" * 8)


@given(st.lists(payloads, max_size=12), filters)
def test_columns_admit_what_the_payloads_admit(held: list[dict], where) -> None:
    right = [matches(where, one) for one in held]
    segment = segment_of(held)
    assert segment.mask(where).tolist() == right
    assert again(segment).mask(where).tolist() == right


@given(st.lists(st.lists(st.tuples(payloads, st.booleans()), max_size=6), max_size=4), filters)
def test_merged_segments_admit_the_same(groups: list[list[tuple[dict, bool]]], where) -> None:
    segments = [segment_of([one for one, _ in group], f"g{n}") for n, group in enumerate(groups)]
    stays = [np.asarray([stay for _, stay in group], np.bool_) for group in groups]
    together = merged(list(zip(segments, stays, strict=True)), DIMENSION)
    left = [one for group in groups for one, stay in group if stay]
    assert [json.loads(one) for one in together.payloads.listed()] == left
    assert together.mask(where).tolist() == [matches(where, one) for one in left]
    names = [f"g{n}-{m}" for n, group in enumerate(groups) for m, (_, stay) in enumerate(group) if stay]
    assert [name.decode() for name in together.ids.listed()] == names
    encoded = [name.encode() for name in names]
    assert together.find(encoded, hashes_of(encoded)).tolist() == list(range(len(names)))
    vectors = [segment.vectors[stay] for segment, stay in zip(segments, stays, strict=True)]
    np.testing.assert_array_equal(together.vectors, np.concatenate([np.zeros((0, DIMENSION)), *vectors]))
    # fields that only lost rows had are forgotten
    assert set(together.columns) == {path for one in left for path, _ in columns.walk(one)}


@pytest.mark.parametrize("end", [2**53, 2**53 + 1, 2**60 + 1, -(2**60) - 1, 10**400, -(10**400), 0.1])
def test_numbers_that_a_float_cannot_hold_are_compared_exactly(end: float) -> None:
    held = [{"n": n} for n in (2**53, 2**53 + 1, 2**53 + 2, 2**60, 2**60 + 1, -(2**60) - 2, 10**400, 0, 1e300, 0.1)]
    segment = again(segment_of(held))
    for where in (Range("n", end, None), Range("n", None, end), Range("n", end, end), Eq("n", end)):
        assert segment.mask(where).tolist() == [matches(where, one) for one in held]


def test_long_texts_are_read_from_the_payloads() -> None:
    held = [{"text": "a" * 400, "tags": ["b" * 400, "c"]}, {"text": "short", "tags": []}, {}, {"text": None}]
    segment = again(segment_of(held))
    assert len(segment.columns["text"].encoded) == 0
    for where in (
        Eq("text", "a" * 400),
        In("text", ("short", "a" * 400)),
        Contains("tags", "c"),
        Contains("tags", "b" * 400),
        And((Not(Eq("text", "short")), Not(Contains("tags", "c")))),
    ):
        assert segment.mask(where).tolist() == [matches(where, one) for one in held]


def test_two_ids_that_share_a_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def same(ids):
        return np.zeros(len(ids), np.uint64)

    monkeypatch.setattr(rows, "hashes_of", same)
    segment = segment_of([{}] * 4)
    names = [b"id-2", b"id-0", b"id-9"]
    assert segment.find(names, same(names)).tolist() == [2, 0, -1]


@given(st.lists(st.binary(max_size=5), max_size=9))
def test_texts_come_out_as_they_went_in(texts: list[bytes]) -> None:
    held = Texts.of(texts)
    assert held.listed() == texts
    assert [held[row] for row in range(len(held))] == texts


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 5), st.sampled_from([0.0, 0.05, 0.5, 1.0]))
def test_a_scan_finds_what_sorting_everything_finds(seed: int, most: int, asked: int, share: float) -> None:
    generator = np.random.default_rng(seed)
    segments, held = [], []
    for number in range(3):
        # few distinct values, so that many scores are equal
        vectors = generator.integers(-1, 2, (int(generator.integers(0, 40)), DIMENSION)).astype(np.float32)
        names = [f"{name}-{number}" for name in generator.permutation(len(vectors))]
        segments.append(Segment.of(names, vectors, [{}] * len(names), [b"{}"] * len(names)))
        held += [(name, vector) for name, vector in zip(names, vectors, strict=True)]
    starts = np.cumsum([0, *(len(one) for one in segments)])[:-1]
    wanted = None if share == 1.0 else generator.random(len(held)) < share
    queries = generator.integers(-2, 3, (asked, DIMENSION)).astype(np.float32)
    found = scan_rows(segments, starts.tolist(), queries, most=most, wanted=wanted)
    for query, one in zip(queries, found, strict=True):
        passing = [row for row in range(len(held)) if wanted is None or wanted[row]]
        right = sorted(passing, key=lambda row: (-float(held[row][1] @ query), held[row][0]))[:most]
        got = best_of(one, segments, starts, most)
        assert [row for row, _ in got] == right
        assert all(math.isclose(score, float(held[row][1] @ query), abs_tol=1e-6) for row, score in got)
