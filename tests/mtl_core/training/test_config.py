"""The training config: unknown keys refused, overrides typed, and one line for every error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mtl_core.errors import InputError
from mtl_core.training.config import TrainingConfig, load_config

BASE: dict[str, Any] = {
    "project": "small",
    "output": "out",
    "tasks": [{"name": "weather", "kind": "binary"}, {"name": "spans", "kind": "token"}],
    "datasets": [
        {
            "name": "rows",
            "train": "train.jsonl",
            "columns": {"words": "words", "labels": {"weather": "w", "spans": "s"}},
        }
    ],
}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def to_file(**changes: Any) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes}), encoding="utf-8")
        return path

    return to_file


def one_error(path: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error:
        load_config(path, overrides)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_the_least_config_has_defaults(write: Any) -> None:
    config = load_config(write())
    assert config.wanted == ("weather", "spans")
    assert (config.seed, config.trainer.batch_size, config.trainer.balance) == (0, 32, "fixed")
    assert config.distillation is None


def test_the_configs_of_the_benchmarks_are_read() -> None:
    folder = Path(__file__).parents[3] / "benchmarks" / "configs"
    names = [load_config(path, ["data=d", "output=o"]).project for path in sorted(folder.glob("*.yaml"))]
    assert {"atis", "learning_objectives"} <= {name.replace("-", "_").removesuffix("_frozen") for name in names}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "epoch: unknown key"),
        ({"trainer": {"epoch": 3}}, "trainer.epoch: unknown key"),
        ({"optimiser": {"lr": 3}}, "optimiser.lr: unknown key"),
        ({"datasets": [{**BASE["datasets"][0], "sep": ","}]}, "datasets.0.sep: unknown key"),
        ({"trainer": {"epochs": "many"}}, "trainer.epochs: .*valid integer"),
        ({"trainer": {"epochs": 0, "batch_size": 0}}, r"trainer.epochs: .*greater than or equal to 1 \(1 more\)"),
        ({"trainer": {"max_steps": 0}}, "trainer: max_steps is 0; give at least 1, or -1 for no limit"),
        ({"optimiser": {"encoder_lr": 0}}, "optimiser.encoder_lr: .*greater than 0"),
        ({"select": "slots"}, r"select names 'slots', which is not a task; the tasks are \['spans', 'weather'\]"),
        ({"datasets": []}, "At least one data set"),
        ({"datasets": BASE["datasets"] * 2}, "Two data sets share a name"),
        ({"tasks": []}, "At least one task"),
        ({"tasks": BASE["tasks"][:1]}, "Data set 'rows' labels 'spans', which is not a task"),
        ({"tasks": [*BASE["tasks"], {"name": "new", "kind": "binary"}]}, "No data set has labels for the task 'new'"),
        ({"tasks": [{"name": "weather", "kind": "binary", "labels": ["a"]}]}, "needs two labels"),
        ({"splits": {"validation": 0.5, "test": 0.5}}, "must leave a part for training"),
        ({"encoder": {"freeze": "all", "keep_last": 2}}, "encoder: freeze: all, keep_last and unfreeze_every exclude"),
        ({"encoder": {"freeze": "all", "unfreeze_every": 1}}, "keep_last and unfreeze_every exclude each other"),
        ({"encoder": {"keep_last": 1, "unfreeze_every": 1}}, "keep_last and unfreeze_every exclude each other"),
        ({"encoder": {"layers": 2}, "distillation": {"teacher": "t"}}, "encoder.layers goes without a teacher"),
        ({"distillation": {"teacher": []}}, "distillation: teacher is empty; name a model folder"),
        ({"distillation": {"teacher": ["a", "b"], "embedding_weight": 1}}, "embedding_weight needs one teacher"),
        ({"encoder": {"layers": 0}}, "encoder.layers: .*greater than or equal to 1"),
        ({"encoder": {"dropout": 1}}, "encoder.dropout: .*less than 1"),
        ({"trainer": {"balance": "pcgrad", "processes": 2}}, "trainer: pcgrad runs in one process"),
        ({"seed": -1}, "seed: .*greater than or equal to 0"),
    ],
)
def test_what_does_not_fit_is_said_on_one_line(write: Any, changes: dict[str, Any], message: str) -> None:
    path = write(**changes)
    said = one_error(path)
    assert said.startswith(f"{path}: ")
    import re

    assert re.search(message, said), said


def test_files_that_hold_no_config_are_named(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in one_error(tmp_path / "none.yaml")
    path = tmp_path / "config.yaml"
    path.write_text("a: [1,\nb: 2", encoding="utf-8")
    assert "line 2, is no YAML" in one_error(path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "no YAML in UTF-8" in one_error(path)
    for content in ("", "- 1", "text"):
        path.write_text(content, encoding="utf-8")
        assert "holds no settings" in one_error(path)


def test_overrides_are_read_as_yaml(write: Any) -> None:
    config = load_config(
        write(),
        [
            "trainer.epochs=7",
            "optimiser.encoder_lr=4e-4",
            "data=/some/folder",
            "select=weather",
            "encoder.freeze=true",
            "logging.progress_bar=no",
            "trainer.validate_every=null",
            "loss.alpha=0.25",
            "tasks=[{name: weather, kind: binary, weight: 2}, {name: spans, kind: token}]",
        ],
    )
    assert config.trainer.epochs == 7
    assert config.optimiser.encoder_lr == 4e-4
    assert config.data == Path("/some/folder")
    assert config.select == config.wanted == ("weather",)
    assert config.encoder.freeze == "all"
    assert config.logging.progress_bar is False
    assert config.loss.alpha == 0.25
    assert config.tasks[0].weight == 2


def test_a_section_that_is_empty_in_the_file_can_be_overridden(write: Any) -> None:
    path = write()
    path.write_text(path.read_text(encoding="utf-8") + "trainer:\n", encoding="utf-8")
    assert load_config(path, ["trainer.epochs=9"]).trainer.epochs == 9


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "is not key=value"),
        ("=3", "is not key=value"),
        ("trainer.epoch=3", "trainer.epoch: unknown key"),
        ("nothing=3", "nothing: unknown key"),
        ("project.name=3", "goes through 'project', which is not a section"),
        ("tasks.0.weight=3", "goes through 'tasks', which is not a section"),
        ("trainer.epochs=[1,", "is not YAML"),
        ("trainer.epochs=", "trainer.epochs: "),
    ],
)
def test_overrides_that_do_not_fit_are_named(write: Any, override: str, message: str) -> None:
    assert message in one_error(write(), override)


def test_a_config_survives_json(write: Any) -> None:
    config = load_config(write(trainer={"epochs": 3}, distillation={"teacher": "t", "layers": 2}))
    assert TrainingConfig.model_validate(config.model_dump(mode="json")) == config
