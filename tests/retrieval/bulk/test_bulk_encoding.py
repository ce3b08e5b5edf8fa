from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import ArtifactError, InputError
from retrieval.bulk import EncodedFolder, EncodeProgress, encode_documents, fill_store, is_encoded_folder
from retrieval.bulk import encoding as encoding_module
from retrieval.documents import Document
from retrieval.search_config import SearchConfig
from retrieval.search_dense import dense_text
from retrieval.stores.urls import open_store


def lesson(number: int, text: str = "Rocks", **metadata: Any) -> Document:
    return Document(id=f"d{number}", fields={"title": f"Lesson {number}", "text": text}, metadata=metadata)


LESSONS = [lesson(number, subject="science") for number in range(10)]


class Counting:
    """The encoder with a list of what it encoded."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.seen: list[str] = []
        self.dimension, self.name, self.fingerprint = inner.dimension, inner.name, inner.fingerprint

    def encode(self, texts: Any) -> Any:
        self.seen += texts
        return self.inner.encode(texts)


@pytest.fixture
def counting(hash_encoder: Any) -> Any:
    return Counting(hash_encoder)


def held(folder: Path) -> dict[str, tuple[Document, np.ndarray]]:
    return {
        document.id: (document, vector)
        for part in EncodedFolder(folder).parts()
        for document, vector in zip(part.documents(), part.vectors, strict=True)
    }


def text_of(document: Document) -> str:
    return dense_text(document, SearchConfig())


def test_every_document_has_the_vector_of_its_text(tmp_path: Path, counting: Any) -> None:
    done = encode_documents(LESSONS, tmp_path / "new" / "folder", counting, rows_per_part=4)
    assert done == EncodeProgress(read=10, encoded=10, kept=0)
    found = held(tmp_path / "new" / "folder")
    assert [document for document, _ in found.values()] == LESSONS
    expected = counting.inner.encode([text_of(document) for document in LESSONS]).vectors
    np.testing.assert_array_equal(np.stack([vector for _, vector in found.values()]), expected)
    assert is_encoded_folder(tmp_path / "new" / "folder")
    assert not is_encoded_folder(tmp_path)


def test_a_second_run_encodes_nothing(tmp_path: Path, counting: Any) -> None:
    encode_documents(LESSONS, tmp_path, counting, rows_per_part=4)
    counting.seen.clear()
    assert encode_documents(LESSONS, tmp_path, counting, rows_per_part=4) == EncodeProgress(read=10, kept=10)
    assert counting.seen == []


@settings(max_examples=30, deadline=None)
@given(
    first=st.dictionaries(st.integers(0, 12), st.sampled_from(["a", "b"]), min_size=1),
    second=st.dictionaries(st.integers(0, 12), st.sampled_from(["a", "b"]), min_size=1),
    sizes=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_only_new_texts_are_encoded_and_the_folder_holds_the_last_run(
    tmp_path_factory: pytest.TempPathFactory, hash_encoder: Any, first: Any, second: Any, sizes: tuple[int, int]
) -> None:
    folder, encoder = tmp_path_factory.mktemp("bulk"), Counting(hash_encoder)
    encode_documents([lesson(*row) for row in first.items()], folder, encoder, rows_per_part=sizes[0])
    encoder.seen.clear()
    documents = [lesson(*row) for row in second.items()]
    encode_documents(documents, folder, encoder, rows_per_part=sizes[1])
    changed = [document for document, row in zip(documents, second.items(), strict=True) if row not in first.items()]
    assert encoder.seen == [text_of(document) for document in changed]
    assert [document for document, _ in held(folder).values()] == documents


def test_changed_metadata_keeps_the_vector(tmp_path: Path, counting: Any) -> None:
    encode_documents(LESSONS, tmp_path, counting)
    counting.seen.clear()
    encode_documents([lesson(number, subject="history") for number in range(10)], tmp_path, counting)
    assert counting.seen == []
    assert {document.metadata["subject"] for document, _ in held(tmp_path).values()} == {"history"}


def test_a_run_that_broke_off_goes_on(tmp_path: Path, counting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    write = encoding_module.write_part

    def breaks(*arguments: Any, **options: Any) -> None:
        nonlocal written
        if written == 2:
            raise KeyboardInterrupt
        written += 1
        write(*arguments, **options)

    monkeypatch.setattr(encoding_module, "write_part", breaks)
    with pytest.raises(KeyboardInterrupt):
        encode_documents(LESSONS, tmp_path, counting, rows_per_part=3)
    with pytest.raises(ArtifactError, match="no finished encoding"):
        EncodedFolder(tmp_path)
    monkeypatch.undo()
    counting.seen.clear()
    assert encode_documents(LESSONS, tmp_path, counting, rows_per_part=3).kept == 6
    assert len(counting.seen) == 4
    assert list(held(tmp_path)) == [document.id for document in LESSONS]


def test_another_encoder_encodes_again(tmp_path: Path, counting: Any, hash_encoder: Any) -> None:
    encode_documents(LESSONS, tmp_path, counting)
    other = Counting(type(hash_encoder)(name="other", fingerprint="other"))
    assert encode_documents(LESSONS, tmp_path, other).encoded == 10
    assert EncodedFolder(tmp_path).fingerprint == "other"


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_damaged_part_is_refused_and_made_again(tmp_path: Path, counting: Any, content: bytes) -> None:
    encode_documents(LESSONS, tmp_path, counting)
    (part,) = tmp_path.glob("part-*.parquet")
    part.write_bytes(content)
    with pytest.raises(ArtifactError, match="missing or changed"):
        held(tmp_path)
    assert encode_documents(LESSONS, tmp_path, counting).encoded == 10
    assert len(held(tmp_path)) == 10


@pytest.mark.parametrize(
    "change", [{"parts": [{"file": "../x.parquet", "rows": 1, "sha256": ""}]}, {"schema_version": 2}, {"more": 1}]
)
def test_a_manifest_that_does_not_fit_is_refused(tmp_path: Path, counting: Any, change: dict[str, Any]) -> None:
    encode_documents(LESSONS, tmp_path, counting)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(ArtifactError, match="is damaged"):
        EncodedFolder(tmp_path)


def test_what_cannot_be_encoded_is_refused(tmp_path: Path, counting: Any) -> None:
    with pytest.raises(InputError, match="no document"):
        encode_documents([], tmp_path, counting)
    with pytest.raises(InputError, match="'d1' twice"):
        encode_documents([lesson(1), lesson(1)], tmp_path, counting)
    with pytest.raises(InputError, match="0 rows"):
        encode_documents(LESSONS, tmp_path, counting, rows_per_part=0)
    with FileLock(tmp_path / ".lock"), pytest.raises(ArtifactError, match="Another run"):
        encode_documents(LESSONS, tmp_path, counting)


def test_a_store_is_filled_and_filled_again(tmp_path: Path, counting: Any) -> None:
    encode_documents(LESSONS, tmp_path, counting, rows_per_part=4)
    with open_store("memory:", dimension=8, fingerprint=counting.fingerprint) as store:
        assert fill_store(EncodedFolder(tmp_path), store).described == 10
        assert store.count() == 10
        assert fill_store(EncodedFolder(tmp_path), store).unchanged == 10
        encode_documents([*LESSONS[1:], lesson(0, "new")], tmp_path, counting, rows_per_part=4)
        assert fill_store(EncodedFolder(tmp_path), store).described == 1
        (record,) = store.get(["d0"])
        assert record is not None
        assert record.payload["fields"]["text"] == "new"
    with (
        open_store("memory:", dimension=8, fingerprint="other") as store,
        pytest.raises(ArtifactError, match="another encoder"),
    ):
        fill_store(EncodedFolder(tmp_path), store)
