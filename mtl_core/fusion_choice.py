"""Who judges each task of a fusion, why, and which models can be fused at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from mtl_core.errors import InputError
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel

__all__ = ["FUSED", "Choice", "FusionCard", "TaskFigures", "check_choice", "check_members"]

FUSED: Literal["fused"] = "fused"
"""A task's choice: its fused head."""

Choice = Literal["fused"] | int
"""Who judges a task: its fused head, or the own head of the member of this number, counted from 0."""


class TaskFigures(BaseModel):
    """Main figure of one task on the validation data: F1, or accuracy for a multiclass task.

    Args:
        fused: Of the fused head; ``None`` where it could not be trained.
        members: Of each member's own head.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fused: float | None
    members: tuple[float, ...]


class FusionCard(BaseModel):
    """What the saved folder tells of the training.

    Args:
        figures: Validation figures by task, of the tasks that the validation data labels.
        messages: Which tasks fell back to a member, and why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    figures: dict[str, TaskFigures] = Field(default_factory=dict)
    messages: tuple[str, ...] = ()


def check_members(members: Sequence[MultiTaskModel]) -> None:
    """Refuse models that cannot be fused.

    Args:
        members: The models.

    Raises:
        InputError: If there is none, or two differ in their tasks or in the order of a task's labels.
    """
    if not members:
        raise InputError("A fusion needs at least one trained model; none is given.")
    first = {task.name: task for task in members[0].tasks}
    for number, member in enumerate(members[1:], 1):
        tasks = {task.name: task for task in member.tasks}
        if alone := sorted(first.keys() ^ tasks.keys()):
            raise InputError(
                f"Only one of the members 0 and {number} has the task {alone[0]!r}; fuse models of the same tasks."
            )
        for name, task in tasks.items():
            for field in ("kind", "labels", "separator"):
                ours, theirs = getattr(first[name], field), getattr(task, field)
                if ours != theirs:
                    raise InputError(
                        f"Task {name!r} has the {field} {_shown(ours)} in member 0 but {_shown(theirs)} in member "
                        f"{number}; train the members on the same tasks with the labels in the same order."
                    )


def check_choice(
    choice: Mapping[str, Choice], decisions: Mapping[str, Decision], *, tasks: Sequence[str], members: int
) -> None:
    """Refuse a choice or a decision that names no task or no member.

    Args:
        choice: By task name.
        decisions: By task name.
        tasks: Names of the tasks.
        members: Number of members.

    Raises:
        InputError: If it does.
    """
    if strange := [name for name in (*choice, *decisions) if name not in tasks]:
        raise InputError(f"A choice or decision names the task {strange[0]!r}; the model has: {', '.join(tasks)}.")
    for name, chosen in choice.items():
        if chosen != FUSED and not 0 <= chosen < members:
            raise InputError(f"Task {name!r} chooses member {chosen}; take {FUSED!r} or 0 to {members - 1}.")


def _shown(value: object) -> str:
    return repr(list(value) if isinstance(value, tuple) else value)
