"""Any course of calls leaves our vector store equal to LangChain's own store in memory."""

from __future__ import annotations

from dictionary_store import DictionaryStore
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from retrieval.langchain import LessonVectorStore

IDS = st.sampled_from("abcdef")
DOCUMENTS = st.builds(
    Document, id=IDS, page_content=st.text(min_size=1, max_size=5), metadata=st.fixed_dictionaries({"n": st.integers()})
)


class BesideLangChain(RuleBasedStateMachine):
    """The same calls on both."""

    def __init__(self) -> None:
        super().__init__()
        embedding = DeterministicFakeEmbedding(size=4)
        self.ours = LessonVectorStore(DictionaryStore(4), embedding)
        self.theirs = InMemoryVectorStore(embedding)

    @rule(documents=st.lists(DOCUMENTS, max_size=4, unique_by=lambda document: document.id), size=st.integers(1, 3))
    def add(self, documents: list[Document], size: int) -> None:
        assert self.ours.add_documents(documents, batch_size=size) == self.theirs.add_documents(documents)

    @rule(ids=st.lists(IDS, max_size=3))
    def delete(self, ids: list[str]) -> None:
        self.ours.delete(ids)
        self.theirs.delete(ids)

    @rule(query=st.text("xyz", min_size=1, max_size=3), k=st.integers(1, 4))
    def search(self, query: str, k: int) -> None:
        ours = self.ours.similarity_search_with_score(query, k=k)
        theirs = self.theirs.similarity_search_with_score(query, k=k)
        assert len(ours) == len(theirs)
        for (_, mine), (_, other) in zip(ours, theirs, strict=True):
            assert abs(mine - other) < 1e-5

    @invariant()
    def hold_the_same(self) -> None:
        wanted = list("abcdef")
        assert {one.id: one for one in self.ours.get_by_ids(wanted)} == {
            one.id: one for one in self.theirs.get_by_ids(wanted)
        }


TestBesideLangChain = BesideLangChain.TestCase
TestBesideLangChain.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)
