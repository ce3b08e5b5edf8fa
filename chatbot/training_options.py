"""Options of the training commands as values of the config."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from mtl_core.training.config import TrainingConfig

__all__ = ["ALL_TASKS", "as_overrides", "config_as_yaml", "read_config", "single_models"]

ALL_TASKS = "multi"
"""Value of ``--task`` that selects every task."""


def as_overrides(given: Mapping[str, Any]) -> list[str]:
    """Options that were given, as ``key=value`` of the config.

    Args:
        given: Value by dotted key; ``None`` for an option that was not given.

    Returns:
        The overrides.
    """
    # JSON is YAML, and keeps a text such as "no" a text
    return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in given.items() if value is not None]


def read_config(
    path: Path,
    overrides: Sequence[str],
    *,
    tasks: Sequence[str] = (),
    dataset: str | None = None,
    quiet: bool = False,
) -> TrainingConfig:
    """Read a config as the command line changes it.

    Args:
        path: The YAML file.
        overrides: ``key=value``; of two for one key the last counts.
        tasks: Tasks to train; none given keeps the config's own, ``multi`` takes all.
        dataset: Replaces the training source of the first data set.
        quiet: Without a progress bar.

    Returns:
        The config.

    Raises:
        InputError: If it cannot be read or a value does not fit.
    """
    from mtl_core.training.config import load_config  # noqa: PLC0415 - needs the training extra

    chosen = [] if ALL_TASKS in tasks else list(tasks)
    changes = as_overrides(
        {"select": chosen if tasks else None, "logging.progress_bar": False if quiet else None},
    )
    config = load_config(path, [*overrides, *changes])
    return config if dataset is None else _with_dataset(config, dataset)


def _with_dataset(config: TrainingConfig, name: str) -> TrainingConfig:
    first, *others = config.datasets
    changed: dict[str, Any] = {"train": name}
    if not (config.data / name).exists() and not Path(name).suffix:
        # files named in the config belong to another data set than one on the hub, which is split anew
        changed |= {"format": "hf", "validation": None, "test": None}
    return config.model_copy(update={"datasets": (first.model_copy(update=changed), *others)})


def config_as_yaml(config: TrainingConfig, *, complete: bool) -> str:
    """A config as YAML.

    Args:
        config: The config.
        complete: With all values; else with those that differ from the defaults.

    Returns:
        The text, ending in a line break.
    """
    import yaml  # noqa: PLC0415 - needs the training extra

    values = config.model_dump(mode="json", exclude_defaults=not complete)
    return str(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120))


def single_models(given: Sequence[str]) -> dict[str, Path]:
    """Folders of single-task models by task.

    Args:
        given: ``TASK=FOLDER``, each task once.

    Returns:
        Folder by task.

    Raises:
        InputError: If one is of another form, or a task is named twice.
    """
    found: dict[str, Path] = {}
    for pair in given:
        task, equals, folder = pair.partition("=")
        if not (task and equals and folder) or task in found:
            raise InputError(f"--single {pair!r} is not TASK=FOLDER with a task of its own; write intent=runs/intent.")
        found[task] = Path(folder)
    return found
