"""Tasks: what stands in a config is checked before anything is read or trained."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from torch import nn

from mtl_core.tasks import Task, check_tasks


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "binary", "labels": ("a",)}, "needs two labels, the positive one last"),
        ({"kind": "binary", "labels": ("a", "b", "c")}, "needs two labels, the positive one last"),
        ({"kind": "multiclass", "labels": ("a", "a")}, "must be distinct and not empty"),
        ({"kind": "multiclass", "labels": ("a", " ")}, "must be distinct and not empty"),
        ({"kind": "token", "labels": ("O", "x")}, "has the label 'x'; use O, B-type and I-type"),
        ({"kind": "token", "labels": ("B-x", "I-x")}, "needs the label O"),
        ({"kind": "binary", "weight": 0}, "greater than 0"),
        ({"kind": "binary", "weigth": 2}, "Extra inputs are not permitted"),
        ({"kind": "multiclass", "separator": ""}, "at least 1 character"),
    ],
)
def test_what_cannot_be_trained_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Task.model_validate({"name": "task", **settings})


@pytest.mark.parametrize("name", ["", "1st", "a b", "a.b", "a/b", "ä", "a" * 65, "a\n"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ValidationError):
        Task(name=name, kind="binary")


@pytest.mark.parametrize("name", ["type", "values", "train", "half", "training", "forward"])
def test_a_name_that_torch_keeps_for_itself_is_refused_in_a_sentence(name: str) -> None:
    assert hasattr(nn.ModuleDict(), name)
    with pytest.raises(ValidationError, match=f"named {name!r}, which is a word of PyTorch's own; call it {name}_task"):
        Task(name=name, kind="binary")


def test_names_that_torch_can_hold_are_taken() -> None:
    names = ["intent", "class", "label", "quality", "if", "types"]
    assert list(nn.ModuleDict({Task(name=name, kind="binary").name: nn.Identity() for name in names})) == names


def test_a_task_without_labels_is_open() -> None:
    assert not Task(name="task", kind="multiclass").is_labelled
    assert Task(name="task", kind="token", labels=("O", "B-x", "I-x")).is_labelled


def test_tasks_stand_beside_each_other_by_name() -> None:
    one = Task(name="one", kind="binary")
    check_tasks([one, Task(name="two", kind="binary")])
    with pytest.raises(ValueError, match="Two tasks are named 'one'"):
        check_tasks([one, one])
    with pytest.raises(ValueError, match="At least one task"):
        check_tasks([])


def test_a_task_survives_json() -> None:
    task = Task(name="task", kind="multiclass", labels=("é", "b|c"), weight=0.5, separator="#")
    assert Task.model_validate_json(task.model_dump_json()) == task


def test_every_attribute_of_the_containers_is_refused() -> None:
    """The names are written out in the package, so a new PyTorch must not bring one that is missing."""
    found = {
        name
        for held in (nn.ModuleDict, nn.ParameterDict)
        for name in dir(held)
        # other libraries hang further methods on these classes
        if name[0].isalpha() and getattr(getattr(held, name), "__module__", "torch").startswith(("torch", "typing"))
    }
    for name in sorted(found):
        with pytest.raises(ValidationError, match="name"):
            Task(name=name, kind="binary")
