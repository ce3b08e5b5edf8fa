"""The training config: one YAML file, unknown keys refused, overridden by ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mtl_core.data.columns import ColumnMap
from mtl_core.encoder import DEFAULT_ENCODER
from mtl_core.errors import InputError, one_line
from mtl_core.heads import HeadSettings
from mtl_core.losses import LossOptions
from mtl_core.tasks import Task, TaskName, check_tasks

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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetConfig(_Section):
    """One data set: its files and what their columns mean.

    Args:
        name: Key of the data set.
        train: A file below ``data``, or a Hugging Face data set (name or folder).
        validation: The same; without it a part of ``train`` is kept for validation.
        test: The same; it is never trained or tuned on.
        format: ``auto`` goes by the file's name.
        columns: What the columns mean; label columns name the tasks.
        only: At most so many training examples of each label of the first task, drawn by the seed
            (few-shot runs).
    """

    name: TaskName
    train: str
    validation: str | None = None
    test: str | None = None
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "hf"] = "auto"
    columns: ColumnMap
    only: Annotated[int, Field(ge=1)] | None = None


class SplitConfig(_Section):
    """How a data set without own validation file is split; duplicates and groups never part.

    Args:
        validation: Share kept for validation.
        test: Share kept for test, where ``test`` of the data set is not given.
        stratify_by: Task whose labels keep their shares.
    """

    validation: float = Field(default=0.1, gt=0, lt=1)
    test: float = Field(default=0.2, ge=0, lt=1)
    stratify_by: TaskName | None = None

    @model_validator(mode="after")
    def _leaves_training_data(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must leave a part for training.")
        return self


class EncoderConfig(_Section):
    """The shared encoder and how much of it is trained.

    Args:
        name: The embedded default, a folder, or a hub name.
        freeze: ``all`` trains heads alone on vectors that are encoded once; ``none`` trains everything.
        keep_last: With ``freeze: none``: train only so many of the last layers.
        unfreeze_every: Begin with the heads alone and unfreeze one more layer from the top after so many epochs.
        max_length: Token budget of a text; the encoder's own by default.
    """

    name: str = DEFAULT_ENCODER
    freeze: Literal["none", "all"] = "none"
    keep_last: Annotated[int, Field(ge=0)] | None = None
    unfreeze_every: Annotated[int, Field(ge=1)] | None = None
    max_length: Annotated[int, Field(ge=4)] | None = None

    @field_validator("freeze", mode="before")
    @classmethod
    def _read_yes_and_no(cls, given: Any) -> Any:
        return {True: "all", False: "none"}.get(given, given) if isinstance(given, bool) else given


class OptimiserConfig(_Section):
    """AdamW and its schedule.

    Args:
        encoder_lr: Learning rate of the encoder's last layer.
        head_lr: Learning rate of the heads.
        layer_decay: Each layer below learns at this share of the one above.
        weight_decay: Of weights; biases and layer norms have none.
        schedule: Course of the learning rates over the steps.
        warmup: Share of the steps over which they rise.
        clip: Largest norm of a step's gradient.
    """

    encoder_lr: float = Field(default=1e-4, ge=0)
    head_lr: float = Field(default=1e-3, gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["constant", "linear", "one_cycle", "cyclic"] = "one_cycle"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    clip: float = Field(default=1.0, gt=0)


class TrainerConfig(_Section):
    """How long and on what.

    Args:
        epochs: The most passes over the data.
        max_steps: The most steps; -1 for no limit.
        batch_size: Examples a step, over all processes.
        sampling: How often each data set gives a batch.
        sampling_temperature: For ``temperature``: 1 is proportional, more favours small sets.
        balance: How the tasks' losses are joined.
        average: Decay of the moving average of the weights, which is what is validated and kept; 0 for none.
        patience: Stop after so many validations without a better score; 0 for never.
        validate_every: Steps between validations; by default once an epoch.
        precision: ``auto`` takes bfloat16 where the CPU is fast at it.
        processes: Number of processes (gloo on CPU).
        log_every: Steps between log lines.
        checkpoint: Save a point to resume from at every validation.
    """

    epochs: int = Field(default=4, ge=1)
    max_steps: int = Field(default=-1, ge=-1)
    batch_size: int = Field(default=32, ge=1)
    sampling: Literal["proportional", "temperature", "round_robin"] = "proportional"
    sampling_temperature: float = Field(default=2.0, ge=1)
    balance: Literal["fixed", "uncertainty", "pcgrad"] = "fixed"
    average: float = Field(default=0.99, ge=0, lt=1)
    patience: int = Field(default=0, ge=0)
    validate_every: Annotated[int, Field(ge=1)] | None = None
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    processes: int = Field(default=1, ge=1)
    log_every: int = Field(default=50, ge=1)
    checkpoint: bool = True


class LoggingConfig(_Section):
    """Where progress is shown.

    Args:
        progress_bar: A bar on the terminal.
        tensorboard: Write TensorBoard files (needs the package ``tensorboard``).
        wandb: Log to Weights & Biases (needs the package ``wandb``).
    """

    progress_bar: bool = True
    tensorboard: bool = False
    wandb: bool = False


class DistillationConfig(_Section):
    """What a student learns from.

    Args:
        teacher: Folder of a trained model, or a JSON-lines file of probabilities by text.
        layers: How many of the encoder's layers the student keeps; all by default.
        embedding_weight: Weight of the distance between the student's and the teacher's vectors.
    """

    teacher: str
    layers: Annotated[int, Field(ge=1)] | None = None
    embedding_weight: float = Field(default=0.0, ge=0)


class TrainingConfig(_Section):
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
    try:
        raw = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror}); name a YAML config.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{source} is not YAML ({one_line(error)}).") from error
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
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise InputError(f"The override {override!r} goes through {part!r}, which is not a section.")
    try:
        place[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise InputError(f"The value of the override {override!r} is not YAML.") from error


def _first_fault(error: ValidationError) -> str:
    faults = error.errors()
    first = faults[0]
    where = ".".join(map(str, first["loc"]))
    said = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{where}: {said}{more}" if where else f"{said}{more}"
