"""What a task is: a name, a kind, its labels, and how much it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ABSENT_PRESENT", "OUTSIDE", "Task", "TaskName", "check_tasks"]

ABSENT_PRESENT = ("0", "1")
"""Labels of a binary task that names none: the second is the positive class."""

OUTSIDE = "O"
"""The label of a word outside every span."""

TaskName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]

_CONTAINER_WORDS = """
T_destination add_module apply bfloat16 buffers call_super_init children clear compile copy cpu cuda double
dump_patches eval extra_repr float forward fromkeys get get_buffer get_extra_state get_parameter get_submodule
half ipu items keys load_state_dict modules mtia named_buffers named_children named_modules named_parameters
parameters pop popitem register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule setdefault share_memory state_dict to
to_empty train training type update values xpu zero_grad
"""
_TAKEN = frozenset(_CONTAINER_WORDS.split())
"""Attributes of PyTorch's containers, which no head may hide; written out, since PyTorch takes seconds to import."""


class Task(BaseModel):
    """One task on the shared encoder.

    Args:
        name: Key of the task in examples, predictions and reports: letters, digits, ``-``, ``_``; not a word that
            PyTorch's containers keep for themselves, such as ``type``.
        kind: Registered kind of head: ``binary``, ``multiclass``, ``multilabel``, ``token`` or
            ``evidence``, or one that a user registered.
        labels: The labels in the order of the logits. A binary task has two, the positive one
            last; an evidence task names its measures; a token task has BIO labels.
        weight: How much the task's loss counts in a fixed weighting.
        separator: A multiclass label such as ``a#b`` holds several right answers, parted by this.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: TaskName
    kind: str
    labels: tuple[str, ...] = ()
    weight: float = Field(default=1.0, gt=0)
    separator: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _labels_fit_the_kind(self) -> Self:
        # heads and learned weights are kept under this name
        if self.name in _TAKEN:
            raise ValueError(
                f"A task cannot be named {self.name!r}, which is a word of PyTorch's own; call it {self.name}_task."
            )
        if len(set(self.labels)) != len(self.labels) or any(not label.strip() for label in self.labels):
            raise ValueError(f"The labels of task {self.name!r} must be distinct and not empty.")
        if self.kind == "binary" and len(self.labels) not in {0, 2}:
            raise ValueError(f"The binary task {self.name!r} needs two labels, the positive one last.")
        if self.kind == "token" and self.labels:
            _check_bio(self.name, self.labels)
        return self

    @property
    def is_labelled(self) -> bool:
        """Whether the labels are known; a task without labels takes them from the training data."""
        return bool(self.labels)


def check_tasks(tasks: Sequence[Task]) -> None:
    """Refuse a list of tasks that cannot stand beside each other.

    Args:
        tasks: The tasks.

    Raises:
        ValueError: If there is none, or two share a name.
    """
    names = [task.name for task in tasks]
    if not names:
        raise ValueError("At least one task is needed.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"Two tasks are named {twice[0]!r}; give each its own name.")


def _check_bio(name: str, labels: Sequence[str]) -> None:
    wrong = [label for label in labels if label != OUTSIDE and label[:2] not in {"B-", "I-"}]
    if wrong:
        raise ValueError(f"The token task {name!r} has the label {wrong[0]!r}; use O, B-type and I-type.")
    if OUTSIDE not in labels:
        raise ValueError(f"The token task {name!r} needs the label O.")
