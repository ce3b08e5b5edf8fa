"""Embeddings, vector store, retriever and tools for LangChain (extra ``lesson-nudge[langchain]``).

Only langchain-core is used. Nothing else in ``retrieval`` imports this package.
"""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("langchain_core") is None:
    raise ImportError(
        "retrieval.langchain needs langchain-core; install it with: pip install 'lesson-nudge[langchain]'"
    )

from retrieval.langchain.embeddings import LessonEmbeddings, fingerprint_of
from retrieval.langchain.vectorstore import LessonVectorStore

__all__ = ["LessonEmbeddings", "LessonVectorStore", "fingerprint_of"]
