"""Which class is the head of which kind of task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from mtl_core.errors import InputError
from mtl_core.heads.base import HeadSettings, TaskHead
from mtl_core.tasks import Task

__all__ = ["head_class", "head_kinds", "make_head", "register_head"]

_HEADS: dict[str, type[TaskHead]] = {}
Head = TypeVar("Head", bound=type[TaskHead])


def register_head(kind: str) -> Callable[[Head], Head]:
    """Make a class the head of a kind of task.

    Args:
        kind: Name of the kind, as in ``Task.kind``.

    Returns:
        A class decorator.

    Raises:
        ValueError: If the kind has a head already.
    """

    def register(cls: Head) -> Head:
        if _HEADS.get(kind, cls) is not cls:
            raise ValueError(f"The kind {kind!r} already has the head {_HEADS[kind].__name__}.")
        cls.kind = kind
        _HEADS[kind] = cls
        return cls

    return register


def head_kinds() -> tuple[str, ...]:
    """The kinds that can be trained, sorted."""
    return tuple(sorted(_HEADS))


def head_class(kind: str) -> type[TaskHead]:
    """The head of a kind.

    Args:
        kind: Name of the kind.

    Returns:
        The class.

    Raises:
        InputError: If there is none.
    """
    try:
        return _HEADS[kind]
    except KeyError:
        raise InputError(f"There is no kind of task {kind!r}; take one of: {', '.join(head_kinds())}.") from None


def make_head(task: Task, *, dimension: int, settings: HeadSettings | None = None) -> TaskHead:
    """A new head for a task.

    Args:
        task: The task, with its labels.
        dimension: Length of the encoder's states.
        settings: Shape of the head.

    Returns:
        The head, drawn from torch's generator.

    Raises:
        InputError: If the kind is unknown or the task has no labels.
    """
    return head_class(task.kind)(task, dimension, settings or HeadSettings())
