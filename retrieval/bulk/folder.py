"""A folder of encoded documents: Parquet parts, and a manifest that is written when all of them are there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError
from mtl_core.saved import write_atomic
from retrieval.bulk.parts import Part, read_part

__all__ = ["EncodedFolder", "PartEntry", "is_encoded_folder"]

_MANIFEST = "manifest.json"
_KIND = "encoded-documents"


class PartEntry(BaseModel):
    """One part as the manifest names it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str = Field(pattern=r"^part-[0-9a-f]{32}\.parquet$")
    rows: int = Field(ge=1)
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["encoded-documents"]
    schema_version: Literal[1]
    encoder: str
    fingerprint: str
    dimension: int = Field(ge=1)
    count: int = Field(ge=0)
    parts: tuple[PartEntry, ...]


class EncodedFolder:
    """Documents with vectors, as a finished run left them.

    Args:
        path: The folder.

    Raises:
        ArtifactError: If it holds no finished run, or its manifest is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._manifest = _Manifest.model_validate_json((self.path / _MANIFEST).read_bytes())
        except OSError as error:
            raise ArtifactError(
                f"{self.path} holds no finished encoding; run lesson-nudge encode again, it goes on where it stopped."
            ) from error
        except ValidationError as error:
            raise ArtifactError(f"The manifest in {self.path} is damaged; run lesson-nudge encode again.") from error

    def __len__(self) -> int:
        return self._manifest.count

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the encoder that made the vectors."""
        return self._manifest.fingerprint

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._manifest.dimension

    def parts(self) -> Iterator[Part]:
        """The parts in the order of the source, each verified before it is parsed.

        Raises:
            ArtifactError: If a part is missing, changed or of another encoder.
        """
        for entry in self._manifest.parts:
            path = self.path / entry.file
            if not path.is_file() or path.is_symlink() or file_hash(path) != entry.sha256:
                raise ArtifactError(f"{path} is missing or changed; run lesson-nudge encode again.")
            part = read_part(path, fingerprint=self.fingerprint)
            if part.vectors.shape != (entry.rows, self.dimension):
                raise ArtifactError(f"{path} does not fit its manifest; run lesson-nudge encode again.")
            yield part

    @classmethod
    def publish(
        cls, path: Path, names: Sequence[str], rows: Sequence[int], *, encoder: str, fingerprint: str, dimension: int
    ) -> EncodedFolder:
        """Write the manifest over parts that are there, and remove other parts.

        Args:
            path: The folder.
            names: Files of the parts, in order.
            rows: Rows of each.
            encoder: Name of the encoder.
            fingerprint: Its fingerprint.
            dimension: Length of a vector.

        Returns:
            The folder.
        """
        parts = tuple(
            PartEntry(file=name, rows=count, sha256=file_hash(path / name))
            for name, count in zip(names, rows, strict=True)
        )
        manifest = _Manifest(
            kind=_KIND,
            schema_version=1,
            encoder=encoder,
            fingerprint=fingerprint,
            dimension=dimension,
            count=sum(rows),
            parts=parts,
        )
        write_atomic(path / _MANIFEST, (manifest.model_dump_json(indent=1) + "\n").encode())
        for stale in sorted(set(path.glob("part-*.parquet")) - {path / name for name in names}):
            stale.unlink()
        return cls(path)


def is_encoded_folder(path: str | Path) -> bool:
    """Whether a folder holds encoded documents, by its manifest."""
    try:
        return f'"{_KIND}"' in (Path(path) / _MANIFEST).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def file_hash(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
