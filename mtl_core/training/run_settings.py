"""The settings of a run, kept beside its checkpoints: an interrupted run goes on only with the same ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mtl_core.errors import ArtifactError
from mtl_core.saved import write_atomic
from mtl_core.training.config import TrainingConfig

__all__ = ["check_settings", "keep_settings"]

_FILE = "settings.json"
_FREE = ("project", "data", "output", "logging", "trainer.log_every")
"""Settings that change nothing of what is learned."""


def keep_settings(config: TrainingConfig, folder: Path) -> None:
    """Write down what a run begins with.

    Args:
        config: The config.
        folder: The run's folder; made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / _FILE, (json.dumps(config.model_dump(mode="json"), indent=1) + "\n").encode())


def check_settings(config: TrainingConfig, folder: Path) -> None:
    """Refuse to go on with other settings than a run began with.

    Args:
        config: The config.
        folder: The run's folder.

    Raises:
        ArtifactError: If a setting differs, or what was written down cannot be read.
    """
    try:
        began = dict(_flat(json.loads((folder / _FILE).read_text(encoding="utf-8"))))
    except (OSError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{folder / _FILE} is missing or damaged; start the run anew, without --resume.") from error
    now = dict(_flat(json.loads(config.model_dump_json())))
    for key in sorted(began.keys() | now.keys()):
        if began.get(key) != now.get(key):
            raise ArtifactError(
                f"The interrupted run began with {key} {began.get(key)!r}, not {now.get(key)!r}; resume it with the "
                "settings that it began with, or start anew without --resume."
            )


def _flat(settings: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting that matters by its dotted key."""
    for name, value in settings.items():
        key = f"{above}{name}"
        if key in _FREE:
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        else:
            yield key, value
