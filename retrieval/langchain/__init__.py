"""Embeddings, vector store, retriever and tools for LangChain (extra ``lesson-nudge[langchain]``).

Only langchain-core is used. Nothing else in ``retrieval`` imports this package.
"""

from __future__ import annotations

import importlib

try:
    importlib.import_module("langchain_core")
except ImportError as error:
    raise ImportError("retrieval.langchain needs langchain-core: pip install 'lesson-nudge[langchain]'") from error

from retrieval.langchain.embeddings import LessonEmbeddings, fingerprint_of
from retrieval.langchain.filtering import FilterLike, as_filter
from retrieval.langchain.reading import relevance
from retrieval.langchain.retriever import LessonRetriever
from retrieval.langchain.tools import LessonSearchTool, SimilarTemplatesTool, TemplateSearchTool
from retrieval.langchain.vectorstore import LessonVectorStore

__all__ = [
    "FilterLike",
    "LessonEmbeddings",
    "LessonRetriever",
    "LessonSearchTool",
    "LessonVectorStore",
    "SimilarTemplatesTool",
    "TemplateSearchTool",
    "as_filter",
    "fingerprint_of",
    "relevance",
]
