"""Import into a store: nothing is encoded twice, an interrupted run goes on, and another encoder is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from dictionary_store import DictionaryStore
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.encoder import EncodedTexts
from mtl_core.errors import ArtifactError, InputError
from retrieval.documents import Document
from retrieval.importers import ImportProgress, import_documents


class CountingEncoder:
    """The encoder of the other tests, with a note of every text that it was given."""

    def __init__(self, encoder, *, stop_after: int | None = None) -> None:
        self._encoder = encoder
        self.fingerprint = encoder.fingerprint
        self.dimension = encoder.dimension
        self.texts: list[str] = []
        self._stop_after = stop_after

    def encode(self, texts: Sequence[str]) -> EncodedTexts:
        if self._stop_after is not None and len(self.texts) + len(texts) > self._stop_after:
            raise KeyboardInterrupt
        self.texts += texts
        return self._encoder.encode(texts)


def documents(count: int, **metadata: int) -> list[Document]:
    return [
        Document(id=f"d{n:03}", fields={"title": f"Lesson {n}", "text": ""}, metadata=metadata) for n in range(count)
    ]


@pytest.fixture
def store() -> DictionaryStore:
    return DictionaryStore(8, "hash-8")


def test_a_first_run_encodes_everything_and_a_second_nothing(store: DictionaryStore, hash_encoder) -> None:
    encoder = CountingEncoder(hash_encoder)
    seen: list[ImportProgress] = []
    done = import_documents(documents(10), store, encoder, batch_size=4, on_progress=seen.append)
    assert done == ImportProgress(read=10, encoded=10)
    assert [progress.read for progress in seen] == [4, 8, 10]
    assert encoder.texts[:2] == ["Lesson 0", "Lesson 1"]
    assert store.flushes == 3
    encoder.texts.clear()
    assert import_documents(documents(10), store, encoder, batch_size=4) == ImportProgress(read=10, unchanged=10)
    assert encoder.texts == ["Lesson 0"]  # the check that the store was filled from the same text
    assert store.flushes == 3


def test_changed_metadata_keeps_the_vector_and_changed_text_does_not(store: DictionaryStore, hash_encoder) -> None:
    encoder = CountingEncoder(hash_encoder)
    import_documents(documents(3), store, encoder)
    encoder.texts.clear()
    changed = documents(4, year=3)
    changed[1] = changed[1].model_copy(update={"fields": {"title": "Another", "text": ""}})
    assert import_documents(changed, store, encoder) == ImportProgress(read=4, encoded=2, described=2)
    assert encoder.texts == ["Lesson 0", "Another", "Lesson 3"]
    records = store.get(["d000", "d001", "d002", "d003"])
    expected = hash_encoder.encode(["Lesson 0", "Another", "Lesson 2", "Lesson 3"]).vectors
    np.testing.assert_array_equal(np.stack([record.vector for record in records]), expected)
    assert [record.payload for record in records] == [document.payload() for document in changed]


def test_an_interrupted_run_goes_on(store: DictionaryStore, hash_encoder) -> None:
    with pytest.raises(KeyboardInterrupt):
        import_documents(documents(10), store, CountingEncoder(hash_encoder, stop_after=7), batch_size=3)
    assert store.count() == 6
    encoder = CountingEncoder(hash_encoder)
    done = import_documents(documents(10), store, encoder, batch_size=3)
    assert done == ImportProgress(read=10, encoded=4, unchanged=6)
    assert len(encoder.texts) == 4 + 1


def test_a_bad_row_keeps_what_came_before(tmp_path: Path, store: DictionaryStore, hash_encoder) -> None:
    rows = [{"id": "a", "text": "Poles"}, {"id": "b", "text": ""}, {"id": "c", "text": "Fields"}]
    source = tmp_path / "a.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl:2: there is no text"):
        import_documents(source, store, hash_encoder)
    assert [record.id for record in store.scan()] == ["a"]
    told: list[InputError] = []
    done = import_documents(source, store, hash_encoder, on_bad=told.append)
    assert done == ImportProgress(read=2, encoded=1, unchanged=1, bad=1)
    assert "a.jsonl:2" in str(told[0])


def test_another_encoder_or_other_text_is_refused(store: DictionaryStore, hash_encoder) -> None:
    import_documents(documents(3), store, hash_encoder, text_of=lambda document: document.id)
    with pytest.raises(ArtifactError, match="filled from other fields"):
        import_documents(documents(3), store, hash_encoder)
    other = DictionaryStore(8, "other")
    with pytest.raises(ArtifactError, match="filled with another encoder"):
        import_documents(documents(3), other, hash_encoder)
    assert other.count() == 0


def test_records_of_another_shape_are_refused(store: DictionaryStore, hash_encoder) -> None:
    store.upsert(["d000"], hash_encoder.encode(["x"]).vectors, [{"words": "x"}])
    with pytest.raises(ArtifactError, match="is no document"):
        import_documents(documents(1), store, hash_encoder)


def test_batch_size_and_ids_are_checked(store: DictionaryStore, hash_encoder) -> None:
    with pytest.raises(InputError, match="batch size is 0"):
        import_documents([], store, hash_encoder, batch_size=0)
    with pytest.raises(InputError, match="'d000' twice"):
        import_documents([*documents(3), *documents(1)], store, hash_encoder, batch_size=1)
    assert import_documents([], store, hash_encoder) == ImportProgress()


def test_the_source_is_read_batch_by_batch(store: DictionaryStore, hash_encoder) -> None:
    read = 0

    def source() -> Iterator[Document]:
        nonlocal read
        for document in documents(20):
            read += 1
            yield document

    ahead: list[int] = []
    import_documents(
        source(), store, hash_encoder, batch_size=5, on_progress=lambda done: ahead.append(read - done.read)
    )
    assert ahead == [0, 0, 0, 0]


@settings(deadline=None, max_examples=50)
@given(
    first=st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from("xyz"), st.integers(0, 2))),
    second=st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from("xyz"), st.integers(0, 2))),
    batch_size=st.integers(1, 4),
)
def test_two_imports_equal_their_union(hash_encoder, first, second, batch_size) -> None:
    def made(rows: dict[str, tuple[str, int]]) -> list[Document]:
        return [Document(id=name, fields={"text": text}, metadata={"n": n}) for name, (text, n) in rows.items()]

    store = DictionaryStore(8, "hash-8")
    import_documents(made(first), store, hash_encoder, batch_size=batch_size)
    done = import_documents(made(second), store, hash_encoder, batch_size=batch_size)
    held = {record.id: record for record in store.scan()}
    assert {name: record.payload for name, record in held.items()} == {
        document.id: document.payload() for document in made(first | second)
    }
    for name, (text, _) in (first | second).items():
        np.testing.assert_array_equal(held[name].vector, hash_encoder.encode([text]).vectors[0])
    changed = sum(first.get(name, ("", 0))[0] != text for name, (text, _) in second.items())
    assert done.encoded == changed
    assert done.read == len(second) == done.encoded + done.described + done.unchanged
