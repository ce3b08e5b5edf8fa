"""Lessons and templates from files: CSV, JSON lines, Markdown folders, Oak's lessons."""

from retrieval.importers.mapping import DocumentMapping
from retrieval.importers.sources import SourceKind, read_documents

__all__ = ["DocumentMapping", "SourceKind", "read_documents"]
