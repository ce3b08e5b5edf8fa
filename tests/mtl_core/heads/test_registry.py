"""The registry: one class a kind, and clear words where there is none."""

from __future__ import annotations

import pytest
import torch

from mtl_core.errors import InputError
from mtl_core.heads import BinaryHead, HeadSettings, head_class, head_kinds, make_head, register_head
from mtl_core.tasks import Task
from tests.mtl_core.small_heads import TASKS


def test_every_kind_of_the_package_is_registered() -> None:
    assert set(TASKS) <= set(head_kinds())
    assert list(head_kinds()) == sorted(head_kinds())
    assert all(head_class(kind).kind == kind for kind in TASKS)


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"no kind of task 'ranking'; take one of: .*binary.*token\.$"):
        head_class("ranking")


def test_a_kind_has_one_head() -> None:
    with pytest.raises(ValueError, match="'binary' already has the head BinaryHead"):
        register_head("binary")(type("Other", (BinaryHead,), {}))
    assert head_class("binary") is BinaryHead
    assert register_head("binary")(BinaryHead) is BinaryHead


@pytest.mark.parametrize("kind", sorted(set(TASKS) - {"binary"}))
def test_a_head_needs_labels(kind: str) -> None:
    with pytest.raises(InputError, match="Task 'open' has no labels"):
        make_head(Task(name="open", kind=kind), dimension=4)


@pytest.mark.parametrize("kind", TASKS)
def test_the_same_seed_draws_the_same_head(kind: str) -> None:
    torch.manual_seed(5)
    first = make_head(TASKS[kind], dimension=4, settings=HeadSettings(dropout=0.3))
    torch.manual_seed(5)
    second = make_head(TASKS[kind], dimension=4)
    assert first.settings.dropout == 0.3
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)
    assert "class_weights" in first.state_dict()
