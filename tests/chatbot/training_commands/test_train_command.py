"""``lesson-nudge train``: what it prints, its options, and how an interrupted run goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mtl_core.training.config import load_config
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded


def test_train_prints_the_config_and_figures_as_json(world: World) -> None:
    found = json.loads(succeeded(world.printed))
    assert list(found) == ["model", "validation", "test", "messages"]
    assert found["model"] == str(world.model)
    assert set(found["validation"]["tasks"]) == {"thinks", "subject", "intent", "slots"}
    said = world.printed.stderr
    shown = yaml.safe_load(said[: said.index("56 training")])
    assert shown["project"] == "tiny"
    assert shown["trainer"] == world.content["trainer"]
    assert "heads" not in shown
    assert "validation score" in said
    assert (world.model / "report" / "report.md").is_file()


def test_train_shows_tables_for_people_and_all_of_the_config(world: World, tmp_path: Path) -> None:
    result = run(
        "train",
        "--config",
        world.config,
        "--show-config",
        "encoder.freeze=all",
        "select=[thinks]",
        f"output={tmp_path / 'm'}",
    )
    shown = succeeded(result)
    assert "validation, 12 examples" in shown
    assert re.search(r"thinks +binary +12 +\d\.\d{4}", shown)
    assert "label_smoothing: 0.0" in result.stderr


ALIASES: dict[str, tuple[list[str], str, Any]] = {
    "project": (["--project-name", "no"], "project", "no"),
    "encoder": (["--encoder-name", "some/where"], "encoder.name", "some/where"),
    "freeze": (["--freeze-encoder"], "encoder.freeze", "all"),
    "no freeze": (["--no-freeze-encoder"], "encoder.freeze", "none"),
    "data set": (["--dataset-name", "other.jsonl"], "datasets.0.train", "other.jsonl"),
    "data set on the hub": (["--dataset-name", "some/atis"], "datasets.0.format", "hf"),
    "batch": (["--batch-size", "5"], "trainer.batch_size", 5),
    "length": (["--max-length", "12"], "encoder.max_length", 12),
    "split": (["--val-split", "0.15"], "splits.validation", 0.15),
    "processes": (["--num-proc", "2"], "trainer.processes", 2),
    "epochs": (["--max-epochs", "7"], "trainer.epochs", 7),
    "steps": (["--max-steps", "9"], "trainer.max_steps", 9),
    "rate": (["--learning-rate", "2e-5"], "optimiser.encoder_lr", 2e-5),
    "log": (["--log-every-n-steps", "5"], "trainer.log_every", 5),
    "validation": (["--val-check-interval", "30"], "trainer.validate_every", 30),
    "seed": (["--seed", "3"], "seed", 3),
    "wandb": (["--wandb"], "logging.wandb", True),
    "no wandb": (["logging.wandb=true", "--no-wandb"], "logging.wandb", False),
    "one task": (["--task", "intent"], "select", ("intent",)),
    "two tasks": (["--task", "intent", "--task", "slots"], "select", ("intent", "slots")),
    "all tasks": (["select=[intent]", "--task", "multi"], "select", ()),
    "option after override": (["seed=4", "--seed", "5"], "seed", 5),
}


@pytest.mark.parametrize(("options", "key", "value"), ALIASES.values(), ids=ALIASES)
def test_every_option_of_the_trainer_this_grew_from_sets_its_key(
    world: World, monkeypatch: pytest.MonkeyPatch, options: list[str], key: str, value: Any
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("mtl_core.training.fit.train", lambda config, **_: seen.append(config))
    succeeded(run("train", "--config", world.config, *options))
    found = seen[0]
    for part in key.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    assert found == value


def test_a_hub_data_set_is_split_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("mtl_core.training.fit.train", lambda config, **_: seen.append(config))
    succeeded(run("train", "--config", world.config, "--dataset-name", "some/atis"))
    first, second = seen[0].datasets
    assert (first.train, first.validation, first.test) == ("some/atis", None, None)
    assert second == load_config(world.config).datasets[1]


def test_a_further_process_of_a_run_prints_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr("mtl_core.training.fit.train", lambda *_, **__: None)
    result = run("train", "--config", world.config)
    assert (succeeded(result), result.stderr) == ("", "")


def test_an_interrupted_run_says_how_to_go_on_and_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mtl_core.training.module import MultiTaskModule

    step, taken = MultiTaskModule.training_step, []

    def interrupted(module: MultiTaskModule, *given: Any) -> Any:
        taken.append(given)
        if len(taken) == 9:
            raise KeyboardInterrupt
        return step(module, *given)

    monkeypatch.setattr(MultiTaskModule, "training_step", interrupted)
    given = ["train", "--config", world.config, f"output={tmp_path / 'm'}"]
    assert "--resume" in one_error_line(run(*given))
    assert not (tmp_path / "m").exists()
    found = json.loads(succeeded(run(*given, "--resume", "--json")))
    assert found["validation"] == json.loads(world.printed.stdout)["validation"]


def test_there_is_nothing_to_resume(world: World, tmp_path: Path) -> None:
    line = one_error_line(run("train", "--config", world.config, f"output={tmp_path / 'm'}", "--resume"))
    assert "without --resume" in line


def test_an_output_that_is_a_file_is_kept(world: World, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    assert "is a file" in one_error_line(run("train", "--config", world.config, f"output={mine}"))
    assert mine.read_text(encoding="utf-8") == "mine"
