"""What a run learns from: labels, and a teacher's probabilities and vectors where the config names one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtl_core.errors import InputError
from mtl_core.training.prepare import PreparedData

if TYPE_CHECKING:
    import torch

    from mtl_core.data.examples import Example
    from mtl_core.encoder import SharedEncoder
    from mtl_core.heads import EncoderStates
    from mtl_core.training.config import DistillationConfig, TrainingConfig
    from mtl_core.training.loader import LabelledBatch

__all__ = ["Teaching", "prepare_teaching"]


@dataclass(frozen=True, slots=True)
class Teaching:
    """What the model learns from.

    Args:
        encoder: The encoder to train: the config's, or a student of the teacher's layers.
        data: The data, with the teacher's probabilities.
        distance: Extra loss of a batch, the distance to the teacher's vectors.
        messages: What the user should know.
    """

    encoder: SharedEncoder
    data: PreparedData
    distance: Callable[[LabelledBatch, EncoderStates], torch.Tensor] | None = None
    messages: tuple[str, ...] = ()


def prepare_teaching(config: TrainingConfig, data: PreparedData, encoder: SharedEncoder) -> Teaching:
    """Ask the teacher, where the config names one.

    Args:
        config: The config.
        data: Its data.
        encoder: The config's encoder.

    Returns:
        What is learned from.

    Raises:
        InputError: If the teacher does not fit the tasks, or a file of probabilities cannot be read.
    """
    wanted = config.distillation
    if wanted is None:
        return Teaching(encoder, data)
    if isinstance(wanted.teacher, tuple):
        return _from_several([_source(config, name) for name in wanted.teacher], wanted, data, encoder)
    source = _source(config, wanted.teacher)
    if source.is_dir():
        return _from_model(source, wanted, data, budget=config.encoder.max_length)
    return _from_file(source, wanted, data, encoder)


def _source(config: TrainingConfig, name: str) -> Path:
    for path in (Path(name), config.data / name):
        if path.exists():
            return path
    raise InputError(f"There is no teacher {name!r}; name a model folder or a JSON-lines file.")


def _from_several(
    sources: Sequence[Path], wanted: DistillationConfig, data: PreparedData, encoder: SharedEncoder
) -> Teaching:
    """Each teacher speaks of the data sets that label one of its tasks: other texts are strange to it."""
    from mtl_core.saved_model import load_model  # noqa: PLC0415 - only where there is a teacher
    from mtl_core.training.distillation import student_encoder  # noqa: PLC0415
    from mtl_core.training.teachers import taught_by_model  # noqa: PLC0415

    train = dict(data.train)
    taught: set[str] = set()
    for source in sources:
        teacher = load_model(source)
        own = {task.name for task in teacher.tasks}
        if both := sorted(own & taught):
            raise InputError(f"Two teachers know the task {both[0]!r}; name one teacher for each task.")
        taught |= own
        names = [name for name, part in train.items() if any(own & example.labels.keys() for example in part)]
        if not names:
            raise InputError(f"No data set labels a task of the teacher {source}, so it would teach nothing.")
        for name in names:
            train[name] = taught_by_model(train[name], teacher, tasks=data.tasks)
    student = encoder if wanted.layers is None else student_encoder(encoder, layers=wanted.layers)
    return Teaching(student, replace(data, train=train))


def _from_model(source: Path, wanted: DistillationConfig, data: PreparedData, *, budget: int | None) -> Teaching:
    from mtl_core.saved_model import load_model  # noqa: PLC0415 - only where there is a teacher
    from mtl_core.training.distillation import TeacherVectors, student_encoder  # noqa: PLC0415
    from mtl_core.training.teachers import taught_by_model  # noqa: PLC0415

    teacher = load_model(source)
    train = {name: taught_by_model(examples, teacher, tasks=data.tasks) for name, examples in data.train.items()}
    layers = wanted.layers or teacher.encoder.layer_count - 1
    distance = None
    if wanted.embedding_weight:
        known = [example for examples in train.values() for example in examples]
        distance = TeacherVectors(teacher.encoder, known, weight=wanted.embedding_weight)
    student = student_encoder(teacher.encoder, layers=layers)
    if budget is not None:
        student.limit_tokens(budget)
    return Teaching(student, replace(data, train=train), distance)


def _from_file(source: Path, wanted: DistillationConfig, data: PreparedData, encoder: SharedEncoder) -> Teaching:
    from mtl_core.training.distillation import student_encoder  # noqa: PLC0415 - only where there is a teacher
    from mtl_core.training.teachers import read_teacher_file, taught_by_file  # noqa: PLC0415

    judged = read_teacher_file(source, data.tasks)
    known = [example for examples in data.train.values() for example in examples]
    taught = taught_by_file(known, judged, held_out=[*data.validation, *data.test])
    train: dict[str, list[Example]] = {}
    start = 0
    for name, examples in data.train.items():
        train[name] = taught.examples[start : start + len(examples)]
        start += len(examples)
    # texts that only the teacher knows come last, and are learned from beside the first data set
    train[next(iter(train))] += taught.examples[start:]
    student = encoder if wanted.layers is None else student_encoder(encoder, layers=wanted.layers)
    return Teaching(student, replace(data, train=train), messages=(taught.message,))
