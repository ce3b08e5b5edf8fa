"""The report of an evaluation: JSON for programs, Markdown and pictures for people."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError, InputError
from mtl_core.evaluation.calibration import CalibrationScores
from mtl_core.evaluation.classification import ClassificationScores
from mtl_core.evaluation.markdown import render
from mtl_core.evaluation.plots import label_f1_bars, reliability_diagram
from mtl_core.evaluation.spans import SpanScores
from mtl_core.saved import write_atomic
from mtl_core.tasks import TaskName

__all__ = ["Delta", "EvaluationReport", "TaskScores", "compare_to_single"]

SCHEMA_VERSION = 1
JSON_NAME, MARKDOWN_NAME = "report.json", "report.md"

TaskScores = Annotated[ClassificationScores | SpanScores, Field(discriminator="kind")]
"""Figures of a task of any kind."""

_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Delta(BaseModel):
    """A figure of the shared model beside that of a model trained for the task alone.

    Args:
        metric: Which figure, such as ``f1`` or ``accuracy``.
        single: Of the single-task model.
        shared: Of the multi-task model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    metric: str
    single: float
    shared: float

    @property
    def points(self) -> float:
        """Gain of the shared model in points of a hundred; negative where it loses."""
        return 100 * (self.shared - self.single)


class EvaluationReport(BaseModel):
    """All figures of one model on one data set.

    Args:
        schema_version: Version of this schema.
        title: Heading.
        dataset: What was evaluated on, such as ``atis dev``.
        tasks: Figures by task name.
        calibration: Calibration by task name.
        thresholds: Decision threshold by task name, then by label.
        exact_match: Share of examples with all tasks right, labels compared whole.
        exact_match_any: The same when one of several right answers is enough.
        deltas: Comparison with single-task models by task name.
        notes: Remarks for the reader.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    schema_version: Literal[1] = 1
    title: str = "Evaluation"
    dataset: str = ""
    tasks: dict[TaskName, TaskScores]
    calibration: dict[TaskName, CalibrationScores] = {}
    thresholds: dict[TaskName, dict[str, float]] = {}
    exact_match: float | None = None
    exact_match_any: float | None = None
    deltas: dict[TaskName, tuple[Delta, ...]] = {}
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data that JSON can hold."""
        return self.model_dump(mode="json")

    def to_json(self) -> str:
        """The report as JSON text, ending in a line break."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """The report as Markdown; it names the pictures that :meth:`write` puts beside it."""
        return render(self, pictures=sorted(self._own_pictures()))

    def write(self, folder: str | Path, *, pictures: Mapping[str, bytes] | None = None) -> None:
        """Write ``report.json``, ``report.md`` and the pictures, each whole or not at all.

        Args:
            folder: Where; made if it is missing.
            pictures: Further PNG files by name without suffix, such as ``embeddings``.

        Raises:
            InputError: If a picture's name is not letters, digits, ``-`` and ``_``.
            ArtifactError: If the folder cannot be written.
        """
        further = dict(pictures or {})
        wrong = [name for name in further if not _PICTURE.fullmatch(name)]
        if wrong:
            raise InputError(f"A picture cannot be named {wrong[0]!r}; use letters, digits, - and _.")
        drawn = {**{name: self._draw(name) for name in self._own_pictures()}, **further}
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            for name, content in drawn.items():
                write_atomic(target / f"{name}.png", content)
            write_atomic(target / MARKDOWN_NAME, render(self, pictures=sorted(drawn)).encode())
            # the JSON comes last: a report that can be read has its pictures
            write_atomic(target / JSON_NAME, self.to_json().encode())
        except OSError as error:
            raise ArtifactError(f"{target} cannot be written ({error.strerror}); name another folder.") from error

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read a report that :meth:`write` left.

        Args:
            folder: The folder.

        Returns:
            The report.

        Raises:
            ArtifactError: If it is missing, damaged or of another schema version.
        """
        path = Path(folder) / JSON_NAME
        try:
            data = json.loads(path.read_bytes())
        except FileNotFoundError as error:
            raise ArtifactError(f"{folder} holds no {JSON_NAME}; give the folder of an evaluation report.") from error
        except (OSError, ValueError) as error:
            raise ArtifactError(f"{path} is damaged; evaluate the model again.") from error
        version = data.get("schema_version") if isinstance(data, dict) else None
        if isinstance(version, int) and version != SCHEMA_VERSION:
            raise ArtifactError(
                f"{path} has schema version {version}; this program reads {SCHEMA_VERSION}. Evaluate the model again."
            )
        try:
            return cls.model_validate_json(json.dumps(data))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ArtifactError(
                f"{path} is not a report ({where}: {first['msg']}); evaluate the model again."
            ) from error

    def _own_pictures(self) -> list[str]:
        scored = [name for name, scores in self.tasks.items() if scores.count and scores.per_label]
        calibrated = [name for name, scores in self.calibration.items() if scores.count]
        return [*(f"f1-{name}" for name in scored), *(f"reliability-{name}" for name in calibrated)]

    def _draw(self, picture: str) -> bytes:
        subject, _, name = picture.partition("-")
        if subject == "f1":
            return label_f1_bars(self.tasks[name].per_label, title=f"{name}: F1 by label")
        scores = self.calibration[name]
        return reliability_diagram(scores.bins_before, scores.bins_after, title=f"{name}: reliability")


def compare_to_single(
    tasks: Mapping[str, ClassificationScores | SpanScores], single: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[Delta, ...]]:
    """Put the figures of single-task models beside those of the shared one.

    An average over tasks can hide that one of them lost a lot, so each is shown by itself.

    Args:
        tasks: Figures of the shared model by task name.
        single: By task name, figures of the single-task model by metric, such as ``{"f1": 0.93}``.

    Returns:
        The comparisons by task name; a task without labelled examples is left out.

    Raises:
        InputError: If a task or one of its metrics is not among the shared model's figures.
    """
    deltas: dict[str, tuple[Delta, ...]] = {}
    for name, figures in single.items():
        if name not in tasks:
            raise InputError(f"Single-task figures name the task {name!r}; the tasks are {', '.join(tasks)}.")
        shared = tasks[name].to_dict()
        known = [key for key, value in shared.items() if isinstance(value, float)]
        unknown = [metric for metric in figures if metric not in known]
        if not tasks[name].count:
            continue
        if unknown:
            raise InputError(f"Task {name!r} has no figure {unknown[0]!r}; it has {', '.join(known)}.")
        deltas[name] = tuple(Delta(metric=key, single=value, shared=shared[key]) for key, value in figures.items())
    return deltas
