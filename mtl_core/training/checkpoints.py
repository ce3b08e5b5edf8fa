"""Lightning checkpoints as folders of safetensors and JSON: verified when read, replaced whole, never pickled."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import safetensors.torch
from lightning.pytorch.plugins.io import CheckpointIO
from safetensors import SafetensorError

from mtl_core.errors import ArtifactError, one_line
from mtl_core.saved import publish, read_saved
from mtl_core.training.typed_json import pack, unpack

__all__ = ["SafeCheckpointIO"]

_KIND = "training checkpoint"
_SCHEMA_VERSION = 1
_TENSORS = "tensors.safetensors"
_VALUES = "checkpoint.json"


class SafeCheckpointIO(CheckpointIO):
    """Saves and loads the dictionary of a Lightning checkpoint without pickle.

    A checkpoint is a folder, such as ``last.ckpt/``: tensors in safetensors, all else in typed JSON, and a manifest
    with the schema version and the sha256 of both. A reader sees the old checkpoint or the new one, never a part.
    Give it to the trainer: ``Trainer(plugins=[SafeCheckpointIO()])``.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        """Save a checkpoint, replacing the one that stands at the path.

        Args:
            checkpoint: What the trainer wants to keep.
            path: The folder; folders above it are made.
            storage_options: Not used; there is one way to save.

        Raises:
            InputError: If it holds something that cannot be saved without pickle; nothing is written then.
            ArtifactError: If the folder cannot be used or written.
        """
        if storage_options is not None:
            raise TypeError("SafeCheckpointIO takes no storage_options.")
        text, tensors = pack(checkpoint)
        files = {_TENSORS: safetensors.torch.save(tensors), _VALUES: text.encode()}
        try:
            publish(path, kind=_KIND, schema_version=_SCHEMA_VERSION, meta={}, files=files)
        except OSError as error:
            raise ArtifactError(f"The checkpoint {path} could not be written ({error.strerror}).") from error

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Any | None = None,  # noqa: ARG002  # the Trainer moves what it loads to its device
        weights_only: bool | None = None,  # noqa: ARG002, FBT001  # there is nothing but data in it
    ) -> dict[str, Any]:
        """Load a checkpoint to the CPU, every byte verified before it is parsed.

        Args:
            path: The folder.
            map_location: Not used; tensors come to the CPU.
            weights_only: Not used; nothing in the folder can run.

        Returns:
            The dictionary that was saved.

        Raises:
            ArtifactError: If it is missing, truncated, changed or of another schema version.
        """
        if Path(path).is_file():
            raise ArtifactError(f"{path} is a file; a {_KIND} is a folder, such as last.ckpt.")
        saved = read_saved(path, kind=_KIND, schema_version=_SCHEMA_VERSION)
        try:
            tensors = safetensors.torch.load(saved.files[_TENSORS])
            checkpoint = unpack(saved.files[_VALUES].decode(), tensors)
        except (KeyError, ValueError, SafetensorError) as error:
            raise ArtifactError(f"{path} holds no readable {_KIND} ({one_line(error)}).") from error
        if not isinstance(checkpoint, dict):
            raise ArtifactError(f"{path} holds no readable {_KIND} (its content is no table).")
        return checkpoint

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint; of a symbolic link, only the link. A missing one is no error.

        Args:
            path: The folder, file or link.
        """
        target = Path(path)
        if target.is_symlink() or target.is_file():
            target.unlink()
        elif target.is_dir():
            # renamed first, so that nobody finds a checkpoint with half of its files
            doomed = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
            target.rename(doomed / target.name)
            shutil.rmtree(doomed)
