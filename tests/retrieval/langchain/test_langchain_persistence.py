"""A folder that LangChain filled is there when it is opened again: no pickle, and no other embedding's vectors."""

from __future__ import annotations

from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding

from mtl_core.errors import ArtifactError
from retrieval.langchain import LessonEmbeddings, LessonVectorStore

DOCUMENTS = [Document(id=f"d{n}", page_content=f"text {n}", metadata={"n": n, "tags": ["é", None]}) for n in range(5)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"faiss:{tmp_path / 'store'}"


def test_reopened_it_is_the_same(url: str, hash_encoder) -> None:
    embeddings = LessonEmbeddings(hash_encoder)
    with LessonVectorStore.from_documents(DOCUMENTS, embeddings, url=url) as store:
        before = store.similarity_search_with_score("query", k=5)
    with LessonVectorStore.open(url, embeddings) as store:
        assert store.similarity_search_with_score("query", k=5) == before
        assert store.get_by_ids([document.id for document in DOCUMENTS]) == DOCUMENTS
        store.delete(["d1"])
        store.add_texts(["new"], ids=["d2"])
    with LessonVectorStore.open(url, embeddings) as store:
        assert store.store.count() == 4
        assert store.get_by_ids(["d1", "d2"]) == [Document(id="d2", page_content="new")]


async def test_made_asynchronously(url: str, hash_encoder) -> None:
    embeddings = LessonEmbeddings(hash_encoder)
    store = await LessonVectorStore.afrom_texts(["a", "b"], embeddings, ids=["a", "b"], url=url)
    assert [document.id for document in await store.asimilarity_search("a", k=1)] == ["a"]
    store.close()


def test_every_change_is_on_disk_before_the_call_ends(url: str, hash_encoder, tmp_path: Path) -> None:
    embeddings = LessonEmbeddings(hash_encoder)
    store = LessonVectorStore.open(url, embeddings)
    store.add_documents(DOCUMENTS)
    store.delete(["d0"])
    copy = tmp_path / "copy"
    copy.mkdir()
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(tmp_path / "store")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    with LessonVectorStore.open(f"faiss:{copy}", embeddings) as crashed:
        assert sorted(document.id for document in crashed.similarity_search("x", k=9)) == ["d1", "d2", "d3", "d4"]
    store.close()


def test_no_file_is_a_pickle(url: str, hash_encoder, tmp_path: Path) -> None:
    LessonVectorStore.from_documents(DOCUMENTS, LessonEmbeddings(hash_encoder), url=url).close()
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert path.suffix not in {".pkl", ".pickle"}
        assert not path.read_bytes().startswith(b"\x80\x04")


def test_another_embedding_is_refused(url: str, hash_encoder) -> None:
    LessonVectorStore.from_documents(DOCUMENTS, LessonEmbeddings(hash_encoder), url=url).close()
    with pytest.raises(ArtifactError):
        LessonVectorStore.open(url, DeterministicFakeEmbedding(size=8))


def test_a_changed_byte_is_refused(url: str, hash_encoder, tmp_path: Path) -> None:
    LessonVectorStore.from_documents(DOCUMENTS, LessonEmbeddings(hash_encoder), url=url).close()
    largest = max((path for path in (tmp_path / "store").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    with pytest.raises(ArtifactError):
        LessonVectorStore.open(url, LessonEmbeddings(hash_encoder)).similarity_search("text")
