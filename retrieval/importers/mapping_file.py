"""A mapping of columns that a file gives, for those who import without a line of code."""

from __future__ import annotations

from pathlib import Path

from mtl_core.yaml_file import fitted, read_yaml
from retrieval.importers.mapping import DocumentMapping

__all__ = ["read_mapping"]


def read_mapping(path: str | Path) -> DocumentMapping:
    """Read how the columns of a source become documents from a YAML file.

    Args:
        path: The file; its keys are the fields of ``DocumentMapping``.

    Returns:
        The mapping.

    Raises:
        InputError: If the file cannot be read, is no YAML in UTF-8, or holds something else.
    """
    content = read_yaml(path, hint="write keys such as: id: code")
    known = ", ".join(DocumentMapping.model_fields)
    return fitted(content, DocumentMapping, path=path, hint=f"A mapping has the keys {known}.")
