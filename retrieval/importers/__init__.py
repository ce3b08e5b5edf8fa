"""Lessons and templates from files: CSV, JSON lines, Markdown folders, Oak's lessons."""

from retrieval.importers.bulk_import import ImportProgress, import_documents
from retrieval.importers.mapping import DocumentMapping
from retrieval.importers.mapping_file import read_mapping
from retrieval.importers.sources import SourceKind, read_documents
from retrieval.importers.template_files import read_templates

__all__ = [
    "DocumentMapping",
    "ImportProgress",
    "SourceKind",
    "import_documents",
    "read_documents",
    "read_mapping",
    "read_templates",
]
