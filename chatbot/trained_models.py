"""A trained model as the commands use it, and the files it is used on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mtl_core.data import Example
    from mtl_core.model import MultiTaskModel
    from mtl_core.tasks import Task

__all__ = ["Reader", "as_judged", "labelled_examples", "load_reader", "load_trained", "no_loading_bars"]


class Reader(Protocol):
    """What predicts: a trained model or an exported one."""

    def predict(self, examples: Sequence[str | Example]) -> list[dict[str, Any]]:
        """Predictions by task name, in the order of the examples."""


def load_trained(folder: str | Path) -> MultiTaskModel:
    """Read the model that a training left.

    Args:
        folder: Its folder.

    Returns:
        The model.

    Raises:
        ArtifactError: If it is missing, damaged, or of another schema.
    """
    from mtl_core.saved_model import load_model  # noqa: PLC0415 - seconds to import

    return load_model(folder)


def labelled_examples(model: MultiTaskModel, data: Path, dataset: str | None) -> list[Example]:
    """Read a file in the columns that a model was trained with.

    Args:
        model: The model; its card keeps the columns.
        data: The file.
        dataset: Which data set of the training; by default the only one, or the first whose columns the file has.

    Returns:
        The examples.

    Raises:
        InputError: If the file cannot be read so.
    """
    from mtl_core.data import ColumnMap  # noqa: PLC0415 - seconds to import
    from mtl_core.training.prepare import read_for_model  # noqa: PLC0415 - needs the training extra

    kept = model.card.datasets if model.card is not None else {}
    columns = {name: ColumnMap.model_validate(given) for name, given in kept.items()}
    return read_for_model(data, tasks=model.tasks, datasets=columns, dataset=dataset)


def load_reader(folder: str) -> tuple[Reader, dict[str, Task]]:
    """Read a model to predict with: what a training or an export left.

    Args:
        folder: Its folder.

    Returns:
        The model, and its tasks by name.

    Raises:
        ArtifactError: If it is missing, damaged, or of another schema.
        InputError: If the runtime of an export is not installed.
    """
    from mtl_core.runtime.folder import CONFIG_FILE  # noqa: PLC0415 - seconds to import

    if (Path(folder) / CONFIG_FILE).is_file():
        from mtl_core.runtime import ExportedModel  # noqa: PLC0415

        exported = ExportedModel.load(folder)
        return exported, {rule.task.name: rule.task for rule in exported.config.tasks}
    model = load_trained(folder)
    return model, {task.name: task for task in model.tasks}


def as_judged(example: Example, tasks: Mapping[str, Task]) -> Example:
    """An example as a model judges it, so that its words can be shown beside their tags.

    Args:
        example: The example.
        tasks: The model's tasks by name.

    Returns:
        The example, cut into words at blanks where a token task reads a text whole.
    """
    if example.words or example.segments or not any(task.kind == "token" for task in tasks.values()):
        return example
    return replace(example, words=tuple(example.text.split()))


@contextmanager
def no_loading_bars() -> Iterator[None]:
    """Hide the progress bars with which transformers loads and saves, and put them back."""
    from transformers.utils import logging  # noqa: PLC0415 - seconds to import

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
