"""What the documentation shows is what the program takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
import yaml
from pydantic import BaseModel
from typer.testing import CliRunner

from chatbot import cli
from chatbot.training_commands import training
from mtl_core.data import Example
from mtl_core.heads import Decision, EncoderStates, registry
from mtl_core.losses import LossOptions
from mtl_core.tasks import Task
from mtl_core.training.config import TrainingConfig
from mtl_core.training.teachers import read_teacher_file

ROOT = Path(__file__).parents[1]
TRAINING = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
DEFAULT_SECTIONS = ("splits", "encoder", "heads", "loss", "optimiser", "trainer", "logging")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TRAINING, re.MULTILINE | re.DOTALL)


def complete_example() -> dict[str, Any]:
    return yaml.safe_load(max(blocks("yaml"), key=len))


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models_in(part)]


def unnamed_keys(model: type[BaseModel], given: list[Any], where: str = "") -> list[str]:
    """Keys of a model that stand in none of the mappings given for it, those of the models below included."""
    mappings = [one for one in given if isinstance(one, dict)]
    missing = []
    for name, field in model.model_fields.items():
        values = [mapping[name] for mapping in mappings if name in mapping]
        if not values:
            missing.append(f"{where}{name}")
        for below in models_in(field.annotation):
            inner = [
                item
                for value in values
                for item in (value if isinstance(value, list) else [value, *getattr(value, "values", list)()])
            ]
            missing += unnamed_keys(below, inner, f"{where}{name}.")
    return missing


def test_the_complete_example_names_every_key() -> None:
    assert unnamed_keys(TrainingConfig, [complete_example()]) == []


def test_a_key_that_is_left_out_would_be_noticed() -> None:
    example = complete_example()
    del example["trainer"]["patience"]
    del example["datasets"][0]["columns"]["labels"]["hard"]["map"]
    assert unnamed_keys(TrainingConfig, [example]) == ["datasets.columns.labels.map", "trainer.patience"]


@pytest.mark.parametrize("block", blocks("yaml"), ids=["short", "complete"])
def test_the_examples_are_configs(block: str) -> None:
    TrainingConfig.model_validate(yaml.safe_load(block))


def test_the_example_shows_the_defaults() -> None:
    example = complete_example()
    chosen = TrainingConfig.model_validate(example)
    for section in DEFAULT_SECTIONS:
        assert getattr(chosen, section) == TrainingConfig.model_fields[section].default, section
    assert chosen.seed == TrainingConfig.model_fields["seed"].default


def test_the_teachers_file_is_read(tmp_path: Path) -> None:
    lines = [line for line in blocks("json")[-1].splitlines() if line]
    path = tmp_path / "teacher.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    tasks = [Task.model_validate(task) for task in complete_example()["tasks"]]
    known = [
        task.model_copy(update={"labels": ("flight", "fare")}) if task.name == "intent" else task for task in tasks
    ]
    labelled = [task for task in known if task.labels]
    assert set(read_teacher_file(path, labelled).judgements) == {"water boils at 100 degrees.", "fly to oslo"}


def test_the_kind_of_task_of_ones_own_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_HEADS", {kind: head for kind, head in registry._HEADS.items() if kind != "ordinal"})
    (code,) = [block for block in blocks("python") if "register_head" in block]
    exec(compile(code, "docs/training.md", "exec"), {"__name__": "documented"})
    task = Task(name="grade", kind="ordinal", labels=("low", "middle", "high"))
    torch.manual_seed(0)
    head = registry.make_head(task, dimension=4)
    vectors = torch.randn(6, 4)
    vectors[:, 0] = torch.tensor([-2.0, 0.0, 2.0, -2.0, 2.0, 0.0])
    states = EncoderStates(
        vectors[:, None], torch.ones(6, 1), vectors, torch.ones(6, dtype=torch.long), torch.empty(6, 0)
    )
    labels = ["low", "middle", "high", "low", "high"]
    batch = [Example(text="a", labels={"grade": label}) for label in labels] + [Example(text="a", labels={})]
    targets = head.targets(batch)
    assert targets.known.tolist() == [True] * 5 + [False]
    optimiser = torch.optim.Adam(head.parameters(), lr=0.1)
    before = head.loss(head(states), targets, LossOptions()).total.item()
    for _ in range(100):
        optimiser.zero_grad()
        loss = head.loss(head(states), targets, LossOptions())
        loss.total.backward()
        optimiser.step()
    assert loss.total.item() < before / 2
    assert loss.count.item() == 5
    torch.testing.assert_close(head.probabilities(head(states), Decision()).sum(1), torch.ones(6))
    assert {said.label for said in head.predict(head(states), Decision(), states)} <= set(task.labels)


def test_python_examples_compile_and_their_imports_exist() -> None:
    for block in blocks("python"):
        compile(block, "docs/training.md", "exec")
        imports = [line for line in block.splitlines() if line.startswith(("from mtl_core", "import mtl_core"))]
        exec("\n".join(imports), {})


def test_the_commands_shown_exist() -> None:
    shown = set(re.findall(r"lesson-nudge ([a-z-]+)", "\n".join(blocks("sh"))))
    known = {command.name or command.callback.__name__ for command in training.registered_commands if command.callback}
    assert shown <= known
    for name, option in re.findall(r"lesson-nudge ([a-z-]+)[^\n]*? (--[a-z0-9-]+)", TRAINING):
        helped = CliRunner().invoke(cli.app, [name, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).output
        assert option in helped, (name, option)
