"""The training config: one YAML file, unknown keys refused, overridden by ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from mtl_core.errors import InputError
from mtl_core.heads import HeadSettings
from mtl_core.losses import LossOptions
from mtl_core.tasks import Task, TaskName, check_tasks
from mtl_core.training.config_sections import (
    DatasetConfig,
    DistillationConfig,
    EncoderConfig,
    LoggingConfig,
    OptimiserConfig,
    Section,
    SplitConfig,
    TrainerConfig,
)
from mtl_core.yaml_file import UNREADABLE, read_yaml

__all__ = [
    "DatasetConfig",
    "DistillationConfig",
    "EncoderConfig",
    "LoggingConfig",
    "OptimiserConfig",
    "SplitConfig",
    "TrainerConfig",
    "TrainingConfig",
    "load_config",
]


class TrainingConfig(Section):
    """Everything that a training run needs.

    Args:
        project: Name of the project, shown in logs and in the model card.
        data: Folder that the data sets' files lie in.
        output: Where the model folder, checkpoints and the report are written.
        seed: The same seed gives the same model on the same machine.
        tasks: The tasks; labels may be left to the training data.
        select: Train these tasks only; all of them by default.
        datasets: The data sets.
        distillation: Learn from a teacher as well.
    """

    project: str
    data: Path = Path()
    output: Path
    seed: int = Field(default=0, ge=0)
    tasks: tuple[Task, ...]
    select: tuple[TaskName, ...] = ()
    datasets: tuple[DatasetConfig, ...]
    splits: SplitConfig = SplitConfig()
    encoder: EncoderConfig = EncoderConfig()
    heads: HeadSettings = HeadSettings()
    loss: LossOptions = LossOptions()
    optimiser: OptimiserConfig = OptimiserConfig()
    trainer: TrainerConfig = TrainerConfig()
    logging: LoggingConfig = LoggingConfig()
    distillation: DistillationConfig | None = None

    @field_validator("select", mode="before")
    @classmethod
    def _one_name_is_a_list(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        check_tasks(self.tasks)
        known = {task.name for task in self.tasks}
        if unknown := [name for name in self.select if name not in known]:
            raise ValueError(f"select names {unknown[0]!r}, which is not a task; the tasks are {sorted(known)}.")
        if not self.datasets:
            raise ValueError("At least one data set is needed.")
        names = [dataset.name for dataset in self.datasets]
        if len(set(names)) < len(names):
            raise ValueError("Two data sets share a name.")
        for dataset in self.datasets:
            if strange := [name for name in dataset.columns.labels if name not in known]:
                raise ValueError(f"Data set {dataset.name!r} labels {strange[0]!r}, which is not a task.")
        if self.distillation is not None and self.encoder.layers is not None:
            raise ValueError("encoder.layers goes without a teacher; a student's layers are distillation.layers.")
        labelled = {name for dataset in self.datasets for name in dataset.columns.labels}
        if self.distillation is None and (bare := [name for name in self.wanted if name not in labelled]):
            raise ValueError(f"No data set has labels for the task {bare[0]!r}.")
        return self

    @property
    def wanted(self) -> tuple[str, ...]:
        """Names of the tasks that are trained."""
        return self.select or tuple(task.name for task in self.tasks)


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a config file.

    Args:
        path: A YAML file.
        overrides: ``key=value`` or ``section.key=value``; the value is read as YAML.

    Returns:
        The config.

    Raises:
        InputError: If the file cannot be read, a key is unknown, or a value does not fit.
    """
    source = Path(path)
    raw = read_yaml(source, hint="see docs/training.md for the keys.")
    if not isinstance(raw, dict):
        raise InputError(f"{source} holds no settings; see docs/training.md for the keys.")
    for override in overrides:
        _override(raw, override)
    try:
        return TrainingConfig.model_validate(raw)
    except ValidationError as error:
        raise InputError(f"{source}: {_first_fault(error)}") from error


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise InputError(f"The override {override!r} is not key=value; write for example trainer.epochs=3.")
    *path, last = key.strip().split(".")
    place: Any = raw
    for part in path:
        # a section that is named but empty is null in YAML
        place[part] = {} if place.get(part) is None else place[part]
        place = place[part]
        if not isinstance(place, dict):
            raise InputError(f"The override {override!r} goes through {part!r}, which is not a section.")
    try:
        place[last] = yaml.safe_load(value)
    except UNREADABLE as error:
        raise InputError(f"The value of the override {override!r} is not YAML.") from error


def _first_fault(error: ValidationError) -> str:
    faults = error.errors()
    first = faults[0]
    where = ".".join(map(str, first["loc"]))
    said = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{where}: {said}{more}" if where else f"{said}{more}"
