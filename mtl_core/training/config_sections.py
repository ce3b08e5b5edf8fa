"""The sections of a training config."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mtl_core.data.columns import ColumnMap
from mtl_core.encoder import DEFAULT_ENCODER
from mtl_core.tasks import TaskName

__all__ = [
    "DatasetConfig",
    "DistillationConfig",
    "EncoderConfig",
    "LoggingConfig",
    "OptimiserConfig",
    "Section",
    "SplitConfig",
    "TrainerConfig",
]


class Section(BaseModel):
    """A section: it refuses keys that it does not know, and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetConfig(Section):
    """One data set: its files and what their columns mean.

    Args:
        name: Key of the data set.
        train: A file below ``data``, or a Hugging Face data set (name or folder).
        validation: The same; without it a part of ``train`` is kept for validation.
        test: The same; it is never trained or tuned on.
        format: ``auto`` goes by the file's name.
        columns: What the columns mean; label columns name the tasks.
        only: So many training examples of each label of the first task that is trained, drawn by the seed
            (few-shot runs); see ``few_of_each``.
    """

    name: TaskName
    train: str
    validation: str | None = None
    test: str | None = None
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet", "hf"] = "auto"
    columns: ColumnMap
    only: Annotated[int, Field(ge=1)] | None = None


class SplitConfig(Section):
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


class EncoderConfig(Section):
    """The shared encoder and how much of it is trained: all, or one of the three ways to hold a part of it still.

    Args:
        name: The embedded default, a folder, or a hub name.
        freeze: ``all`` trains heads alone on vectors that are encoded once; ``none`` trains everything.
        keep_last: Train only so many of the last layers.
        unfreeze_every: Begin with the heads alone and unfreeze one more layer from the top after so many epochs.
        max_length: Token budget of a text; the encoder's own by default.
        layers: Keep only so many of the lowest layers; all by default.
        dropout: Share that is dropped inside the encoder while it learns; the encoder's own by default.
    """

    name: str = DEFAULT_ENCODER
    freeze: Literal["none", "all"] = "none"
    keep_last: Annotated[int, Field(ge=0)] | None = None
    unfreeze_every: Annotated[int, Field(ge=1)] | None = None
    max_length: Annotated[int, Field(ge=4)] | None = None
    layers: Annotated[int, Field(ge=1)] | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None

    @field_validator("freeze", mode="before")
    @classmethod
    def _read_yes_and_no(cls, given: Any) -> Any:
        return {True: "all", False: "none"}.get(given, given) if isinstance(given, bool) else given

    @model_validator(mode="after")
    def _one_way_to_freeze(self) -> Self:
        # a layer that the optimiser was not given when it was made could be thawed, but would never learn
        ways = [self.freeze == "all", self.keep_last is not None, self.unfreeze_every is not None]
        if sum(ways) > 1:
            raise ValueError("freeze: all, keep_last and unfreeze_every exclude each other; keep one.")
        return self


class OptimiserConfig(Section):
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

    encoder_lr: float = Field(default=1e-4, gt=0)
    head_lr: float = Field(default=1e-3, gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["constant", "linear", "one_cycle", "cyclic"] = "one_cycle"
    warmup: float = Field(default=0.1, ge=0, lt=1)
    clip: float = Field(default=1.0, gt=0)


class TrainerConfig(Section):
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

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if self.max_steps == 0:
            raise ValueError("max_steps is 0; give at least 1, or -1 for no limit.")
        if self.balance == "pcgrad" and self.processes > 1:
            raise ValueError("pcgrad runs in one process; set processes to 1, or balance to fixed.")
        return self


class LoggingConfig(Section):
    """Where progress is shown.

    Args:
        progress_bar: A bar on the terminal.
        tensorboard: Write TensorBoard files (needs the package ``tensorboard``).
        wandb: Log to Weights & Biases (needs the package ``wandb``).
    """

    progress_bar: bool = True
    tensorboard: bool = False
    wandb: bool = False


class DistillationConfig(Section):
    """What a student learns from.

    Args:
        teacher: Folder of a trained model, or a JSON-lines file of probabilities by text; or the folders of several
            models, each of tasks of its own.
        layers: How many of the encoder's layers the student keeps; all by default.
        embedding_weight: Weight of the distance between the student's and the teacher's vectors.
    """

    teacher: str | tuple[str, ...]
    layers: Annotated[int, Field(ge=1)] | None = None
    embedding_weight: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _teachers_fit(self) -> Self:
        if not self.teacher:
            raise ValueError("teacher is empty; name a model folder or a file, or leave the section out.")
        if self.embedding_weight and not isinstance(self.teacher, str):
            raise ValueError("embedding_weight needs one teacher; vectors of several lie in different spaces.")
        return self
