"""The manifest of a store's folder: what the folder's state is, with size and sha256 of every file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError

if TYPE_CHECKING:
    from retrieval.stores.base import StoreSpec

__all__ = ["MANIFEST", "FileEntry", "GraphEntry", "Manifest", "PartEntry", "parsed_manifest"]

SCHEMA_VERSION = 2
MANIFEST = "manifest.json"
_KIND = "vector-store"


class FileEntry(BaseModel):
    """A file, verified before it is parsed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    bytes: int = Field(ge=0)
    sha256: str


class PartEntry(BaseModel):
    """Rows of one flush, and which earlier rows it overrules."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rows: int = Field(ge=0)
    file: FileEntry


class GraphEntry(BaseModel):
    """An approximate index of the first parts: a cache, built again where it is missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["hnsw", "ivf"]
    parts: int = Field(ge=1)
    rows: int = Field(ge=1)
    file: FileEntry


class Manifest(BaseModel):
    """The state of a folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str = _KIND
    schema_version: int = SCHEMA_VERSION
    dimension: int
    fingerprint: str
    count: int = Field(ge=0)
    parts: tuple[PartEntry, ...] = ()
    graph: GraphEntry | None = None


class _Head(BaseModel):
    """What every version of the manifest says."""

    model_config = ConfigDict(extra="ignore")
    kind: str
    schema_version: int


def parsed_manifest(content: bytes, folder: Path, spec: StoreSpec) -> Manifest:
    """A manifest, checked.

    Args:
        content: Bytes of the file.
        folder: Where it lies, for the errors.
        spec: What the vectors must be.

    Returns:
        The manifest.

    Raises:
        ArtifactError: If it is damaged, of another schema, or of another encoder.
    """
    place = folder / MANIFEST
    try:
        head = _Head.model_validate_json(content)
        if head.kind != _KIND or head.schema_version != SCHEMA_VERSION:
            raise ArtifactError(
                f"{folder} holds a {head.kind} of schema version {head.schema_version}; this program reads a "
                f"{_KIND} of version {SCHEMA_VERSION}. Index the documents again into a new folder."
            )
        found = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ArtifactError(f"{place} is damaged; index the documents again into a new folder.") from error
    if (found.dimension, found.fingerprint) != (spec.dimension, spec.fingerprint):
        raise ArtifactError(
            f"The store in {folder} holds vectors of another encoder ({found.dimension} dimensions, fingerprint "
            f"{found.fingerprint[:12]}); load that encoder or index the documents again."
        )
    return found
