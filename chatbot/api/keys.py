"""API keys: each is an owner, and only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError, InputError
from mtl_core.saved import write_atomic

__all__ = ["KeyRing", "StoredKey"]

_PREFIX = "ln_"
_MAX_BYTES = 5_000_000

Owner = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]


class StoredKey(BaseModel):
    """One key as the file holds it.

    Args:
        owner: Whose threads it opens.
        sha256: Hash of the key. The key has 256 random bits, so a plain hash cannot be searched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Owner
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _KeyFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    keys: tuple[StoredKey, ...]


class KeyRing:
    """The keys of a service.

    Args:
        keys: The keys; two keys may have one owner.
    """

    def __init__(self, keys: tuple[StoredKey, ...] = ()) -> None:
        self._keys = keys
        self._owners = {key.sha256: key.owner for key in keys}

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a file of keys.

        Args:
            path: The file, made by ``add`` and ``save``.

        Returns:
            The keys.

        Raises:
            ArtifactError: If the file is missing or no file of keys.
        """
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise ArtifactError(f"{path} is too large for a file of keys.")
            found = _KeyFile.model_validate_json(path.read_bytes())
        except OSError as error:
            raise ArtifactError(
                f"{path} cannot be read: {error.strerror or error}. "
                "Make it with: lesson-nudge keys add OWNER --keys FILE"
            ) from error
        except ValidationError as error:
            raise ArtifactError(f"{path} is no file of keys: {error.errors()[0]['msg']}.") from error
        return cls(found.keys)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owner of each key, in the order of the file."""
        return tuple(key.owner for key in self._keys)

    def add(self, owner: str) -> tuple[KeyRing, str]:
        """Make a key.

        Args:
            owner: Whose it is; letters, digits and ``. _ @ -``, at most 64.

        Returns:
            The ring with it, and the key itself, which is shown once and kept nowhere.

        Raises:
            InputError: If the name cannot be an owner.
        """
        key = _PREFIX + secrets.token_urlsafe(32)
        try:
            stored = StoredKey(owner=owner, sha256=_hash(key))
        except ValidationError as error:
            raise InputError(
                f"{owner!r} cannot be an owner; use letters, digits and . _ @ -, at most 64 of them."
            ) from error
        return KeyRing((*self._keys, stored)), key

    def remove(self, owner: str, *, keep_newest: bool = False) -> KeyRing:
        """The ring without the keys of an owner.

        Args:
            owner: Whose keys.
            keep_newest: Leave the key that was made last, so that a key can be changed without a gap.

        Returns:
            The other keys, in their order.

        Raises:
            InputError: If the owner has no key.
        """
        if owner not in self.owners:
            raise InputError(f"{owner!r} has no key; the owners are {', '.join(sorted(set(self.owners))) or 'none'}.")
        own = [key for key in self._keys if key.owner == owner]
        kept = own[-1:] if keep_newest else []
        return KeyRing(tuple(key for key in self._keys if key.owner != owner or key in kept))

    def save(self, path: Path) -> None:
        """Publish the file, readable by its owner alone.

        Args:
            path: Where.
        """
        content = _KeyFile(schema_version=1, keys=self._keys).model_dump_json(indent=1)
        write_atomic(path, content.encode("utf-8"))
        path.chmod(0o600)

    def owner_of(self, key: str) -> str | None:
        """The owner of a key.

        Args:
            key: As the client sent it.

        Returns:
            The owner, or ``None`` if there is no such key.
        """
        return self._owners.get(_hash(key))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
