# ruff: noqa: A002 - filter is the name that LangChain gives this argument
"""The project's own searches as a LangChain retriever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field, model_validator

from mtl_core.errors import InputError
from retrieval.index import SearchFilter, TemplateIndex
from retrieval.langchain.filtering import as_filter
from retrieval.langchain.payloads import from_document, from_template
from retrieval.langchain.reading import refuse_unknown
from retrieval.search import LessonSearch
from retrieval.search_results import SearchMode

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document

__all__ = ["LessonRetriever"]


class LessonRetriever(BaseRetriever):
    """Hybrid search over lessons, or search over lesson templates.

    ``invoke(query, k=3, filter=..., mode=...)`` goes before what the retriever was made with.

    Args:
        search: A ``LessonSearch``, or a ``TemplateIndex``.
        k: The most documents, 1 or more.
        mode: Of a ``LessonSearch``: ``hybrid``, ``dense`` or ``bm25``.
        filter: Conditions: of a ``LessonSearch`` what ``as_filter`` reads, of a ``TemplateIndex`` a ``SearchFilter``.
        score_key: Metadata key under which each document carries its score; ``None`` adds none.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    search: LessonSearch | TemplateIndex
    k: int = Field(default=4, ge=1)
    mode: SearchMode = "hybrid"
    filter: Any = None
    score_key: str | None = None

    @model_validator(mode="after")
    def _filter_fits(self) -> Self:
        self._where(self.filter)
        return self

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        del run_manager
        return self._found(query, **kwargs)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun, **kwargs: Any
    ) -> list[Document]:
        del run_manager
        return await run_in_executor(None, lambda: self._found(query, **kwargs))

    def _found(
        self,
        query: str,
        *,
        k: int | None = None,
        filter: Any = None,
        mode: SearchMode | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        refuse_unknown(kwargs)
        most = self.k if k is None else k
        where = self._where(self.filter if filter is None else filter)
        if isinstance(self.search, TemplateIndex):
            hits = self.search.search(query, k=most, where=where)
            return [self._scored(from_template(hit.template), hit.score) for hit in hits]
        response = self.search.search(query, k=most, where=where, mode=mode or self.mode)
        return [self._scored(from_document(result.document), result.score) for result in response.results]

    def _where(self, given: Any) -> Any:
        if not isinstance(self.search, TemplateIndex):
            return as_filter(given)
        if given is not None and not isinstance(given, SearchFilter):
            raise InputError("A search over templates takes a SearchFilter, such as SearchFilter(subject='science').")
        return given

    def _scored(self, document: Document, score: float) -> Document:
        if self.score_key is not None:
            document.metadata[self.score_key] = score
        return document
