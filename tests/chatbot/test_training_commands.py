from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from typer.testing import CliRunner

from chatbot import cli
from chatbot.training_commands import training
from mtl_core.evaluation.evaluate import evaluate
from mtl_core.evaluation.report import EvaluationReport
from mtl_core.model import MultiTaskModel
from mtl_core.saved_model import load_model
from mtl_core.training.config import load_config
from tests.chatbot.training_world import (
    build_encoder,
    config_of,
    flight_rows,
    lesson_rows,
    write_config,
    write_rows,
)

if TYPE_CHECKING:
    from click.testing import Result

Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class World:
    """A trained model, and what it was trained from."""

    folder: Path
    config: Path
    model: Path
    printed: Result

    @property
    def content(self) -> dict[str, Any]:
        return yaml.safe_load(self.config.read_text(encoding="utf-8"))

    def changed(self, path: Path, change: Change) -> Path:
        content = self.content
        change(content)
        return write_config(path, content)


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=stdin)


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, (result.stderr, result.exception)
    return result.stdout


def one_error_line(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert errors == result.stderr.splitlines()[-1:], result.stderr
    assert "Traceback" not in result.output
    return errors[0]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("training")
    encoder = build_encoder(folder / "encoder")
    for name, rows in (("lessons", lesson_rows(40)), ("flights", flight_rows(32))):
        write_rows(folder / f"{name}.jsonl", rows[:28])
        write_rows(folder / f"{name}-dev.jsonl", rows[28:])
    config = write_config(folder / "config.yaml", config_of(encoder, folder, folder / "model"))
    printed = run("train", "--config", config, "--json")
    return World(folder, config, folder / "model", printed)


@pytest.fixture
def model(world: World) -> MultiTaskModel:
    return load_model(world.model)


# ---- train


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


@pytest.mark.parametrize("command", ["train", "distill", "lr-find", "summary", "evaluate"])
def test_a_missing_extra_is_named(world: World, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setitem(sys.modules, "lightning", None)
    given = ["evaluate", world.model, "--data", "x"] if command == "evaluate" else [command, "--config", world.config]
    teacher = ["--teacher", "x"] if command == "distill" else []
    line = one_error_line(run(*given, *teacher))
    assert "lightning" in line
    assert "lesson-nudge[train]" in line


# ---- evaluate


def test_evaluate_prints_the_figures_of_the_library(world: World, model: MultiTaskModel) -> None:
    from mtl_core.data import ColumnMap, read_examples

    data = world.folder / "flights-dev.jsonl"
    found = json.loads(succeeded(run("evaluate", world.model, "--data", data, "--json")))
    columns = ColumnMap.model_validate(world.content["datasets"][1]["columns"])
    assert found == evaluate(model, read_examples(data, columns, model.tasks, dataset="flights")).as_json()
    assert set(found["tasks"]) == {"intent", "slots"}
    shown = succeeded(run("evaluate", world.model, "--data", data, "--dataset", "flights"))
    assert f"{found['tasks']['intent']['accuracy']:.4f}" in shown
    assert "all tasks right" in shown


def test_evaluate_writes_a_report_beside_single_models(world: World, tmp_path: Path) -> None:
    single = tmp_path / "single"
    succeeded(run("train", "--config", world.config, "--task", "intent", "--max-epochs", 1, f"output={single}"))
    data, report = world.folder / "flights-dev.jsonl", tmp_path / "report"
    result = run("evaluate", world.model, "--data", data, "--report", report, "--single", f"intent={single}", "--json")
    found = json.loads(succeeded(result))
    alone = json.loads(succeeded(run("evaluate", single, "--data", data, "--json")))
    (f1, accuracy) = found["deltas"]["intent"]
    assert (f1["metric"], accuracy["metric"]) == ("f1", "accuracy")
    assert accuracy["single"] == alone["tasks"]["intent"]["accuracy"]
    assert accuracy["shared"] == found["tasks"]["intent"]["accuracy"]
    assert accuracy["points"] == pytest.approx(100 * (accuracy["shared"] - accuracy["single"]))
    written = EvaluationReport.read(report)
    assert set(written.deltas) == {"intent"}
    assert set(written.calibration) == {"intent", "slots"}
    assert written.calibration["slots"].temperature == load_model(world.model).decisions["slots"].temperature
    assert f"{data.name}:" in written.notes[0]
    for name in ("embeddings", "outliers", "reliability-intent", "f1-slots"):
        assert (report / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    shown = succeeded(run("evaluate", world.model, "--data", data, "--single", f"intent={single}"))
    assert "beside single-task models" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "nowhere.jsonl"], "nowhere.jsonl does not exist"),
        (["--data", "{dev}", "--dataset", "trains"], "no data set 'trains'"),
        (["--data", "{dev}", "--single", "intent"], "TASK=FOLDER"),
        (["--data", "{dev}", "--single", "intent=nowhere"], "nowhere holds no multitask.json"),
        (["--data", "{dev}", "--single", "mood={model}"], "has: thinks, subject, intent, slots"),
        (["--data", "{dev}", "--single", "thinks={model}"], "no label of 'thinks'"),
    ],
)
def test_an_evaluation_that_cannot_be_made_is_one_line(world: World, options: list[str], said: str) -> None:
    places = {"dev": world.folder / "flights-dev.jsonl", "model": world.model}
    assert said in one_error_line(run("evaluate", world.model, *(option.format(**places) for option in options)))


def test_a_file_without_the_columns_or_labels_of_the_model_is_one_line(world: World, tmp_path: Path) -> None:
    strange = write_rows(tmp_path / "strange.jsonl", [{"title": "a"}])
    assert "has no column" in one_error_line(run("evaluate", world.model, "--data", strange))
    bare = write_rows(tmp_path / "bare.jsonl", [{"text": "a", "thinks": None, "subject": None}])
    assert "No example has a label" in one_error_line(run("evaluate", world.model, "--data", bare))


# ---- predict


def test_predict_prints_label_and_probability_of_each_task(world: World, model: MultiTaskModel) -> None:
    text = "pupils compare fractions"
    row = json.loads(succeeded(run("predict", world.model, "--text", text, "--json")))
    (expected,) = model.predict([text])
    assert (row["text"], row["words"]) == (text, text.split())
    for name, said in expected.items():
        label = said.label if isinstance(said.label, str) else list(said.label)
        assert row["tasks"][name]["label"] == label
    thinks, subject, slots = (row["tasks"][name] for name in ("thinks", "subject", "slots"))
    assert thinks["probabilities"]["1"] == pytest.approx(expected["thinks"].probabilities[0], abs=1e-5)
    assert sum(thinks["probabilities"].values()) == pytest.approx(1)
    assert (
        subject["probability"] == subject["probabilities"][subject["label"]] == max(subject["probabilities"].values())
    )
    assert slots["probability"] == pytest.approx(expected["slots"].probabilities, abs=1e-5)
    shown = succeeded(run("predict", world.model, "--text", text))
    assert shown.startswith(f"{text}\n")
    assert f"{subject['label']} {subject['probability']:.2f}" in shown


def test_predict_reads_lines_json_lines_and_standard_input(world: World, tmp_path: Path) -> None:
    lines, rows = tmp_path / "texts.txt", tmp_path / "texts.jsonl"
    lines.write_text("pupils know drums\n\nfly to new rome\n", encoding="utf-8")
    write_rows(rows, [{"text": "pupils know drums"}, {"words": ["fly", "to", "new rome"]}])
    from_lines = succeeded(run("predict", world.model, lines, "--json")).splitlines()
    assert [json.loads(line)["text"] for line in from_lines] == ["pupils know drums", "fly to new rome"]
    from_rows = succeeded(run("predict", world.model, rows, "--json")).splitlines()
    assert json.loads(from_rows[1])["words"] == ["fly", "to", "new rome"]
    for path, expected in ((lines, from_lines), (rows, from_rows)):
        given = path.read_text(encoding="utf-8")
        assert succeeded(run("predict", world.model, "-", "--json", stdin=given)).splitlines() == expected


def test_control_codes_of_a_text_do_not_reach_the_terminal(world: World) -> None:
    assert "\x1b" not in succeeded(run("predict", world.model, "--text", "pupils \x1b[31mknow"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no text"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{", "texts.jsonl:1 is not valid JSON"),
        (b"[1]", "texts.jsonl:1 holds no JSON object"),
        (b'{"text": "a"}\n{"words": "a b"}', "texts.jsonl:2: words is not a list"),
        (b'{"text": " "}', "texts.jsonl:1 holds no text"),
    ],
)
def test_texts_that_cannot_be_read_are_one_line(world: World, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_bytes(content)
    assert said in one_error_line(run("predict", world.model, path))


def test_predict_needs_a_model_and_a_text(world: World, tmp_path: Path) -> None:
    assert "--text" in one_error_line(run("predict", world.model))
    assert "holds no multitask.json" in one_error_line(run("predict", tmp_path, "--text", "a"))
    assert "cannot be read" in one_error_line(run("predict", world.model, tmp_path / "nowhere.txt"))


def test_a_model_of_another_schema_or_damaged_is_one_line(world: World, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    shutil.copytree(world.model, copy)
    saved = json.loads((copy / "multitask.json").read_text(encoding="utf-8"))
    (copy / "multitask.json").write_text(json.dumps({**saved, "schema_version": 99}), encoding="utf-8")
    assert "multitask.json" in one_error_line(run("predict", copy, "--text", "a"))
    (copy / "multitask.json").write_text(json.dumps(saved), encoding="utf-8")
    (copy / "heads.safetensors").write_bytes((copy / "heads.safetensors").read_bytes()[:-1])
    assert "truncated" in one_error_line(run("evaluate", copy, "--data", world.folder / "flights-dev.jsonl"))


# ---- lr-find, distill, summary, export


def test_lr_find_writes_its_curve_and_prints_overrides(world: World, tmp_path: Path) -> None:
    result = run("lr-find", "--config", world.config, "--output", tmp_path, "--steps", 30)
    printed = succeeded(result).split()
    content = json.loads((tmp_path / "lr.json").read_text(encoding="utf-8"))
    assert printed == [
        f"optimiser.encoder_lr={content['encoder_lr']:.2e}",
        f"optimiser.head_lr={content['head_lr']:.2e}",
    ]
    assert (tmp_path / "lr.png").read_bytes().startswith(b"\x89PNG")
    # what is printed can be given to train
    assert load_config(world.config, printed).optimiser.head_lr == pytest.approx(content["head_lr"], rel=0.01)
    as_json = json.loads(succeeded(run("lr-find", "-c", world.config, "--output", tmp_path, "--steps", 6, "--json")))
    assert set(as_json) == {"head_lr", "encoder_lr", "overrides"}


def test_lr_find_of_bad_numbers_is_one_line(world: World) -> None:
    assert "lowest" in one_error_line(run("lr-find", "--config", world.config, "--lowest", "2"))


def test_distill_makes_a_smaller_student(world: World, tmp_path: Path) -> None:
    student = tmp_path / "student"
    options = ["--teacher", world.model, "--layers", 1, "trainer.epochs=1", f"output={student}"]
    found = json.loads(succeeded(run("distill", "--config", world.config, *options, "--json")))
    assert found["model"] == str(student)
    assert load_model(student).encoder.layer_count == load_model(world.model).encoder.layer_count - 1


def test_distill_takes_a_file_of_probabilities(world: World, tmp_path: Path) -> None:
    teacher = write_rows(tmp_path / "said.jsonl", [{"text": "pupils hear new drums", "probabilities": {"thinks": 0.1}}])
    result = run("distill", "-c", world.config, "--teacher", teacher, "trainer.epochs=1", f"output={tmp_path / 'm'}")
    succeeded(result)
    assert "1 further texts" in result.stderr
    line = one_error_line(run("distill", "--config", world.config, "--teacher", "nobody", f"output={tmp_path / 'x'}"))
    assert "no teacher 'nobody'" in line


def test_summary_shows_what_the_data_holds(world: World) -> None:
    found = json.loads(succeeded(run("summary", "--config", world.config, "--json")))
    assert found["splits"]["train"]["rows"] == 56
    assert found["splits"]["train"]["datasets"] == {"lessons": 28, "flights": 28}
    shown = succeeded(run("summary", "--config", world.config))
    assert "## subject" in shown
    assert "| music |" in shown


def test_export_asks_for_a_trained_model(tmp_path: Path) -> None:
    assert "holds no multitask.json" in one_error_line(run("export", tmp_path, tmp_path / "out"))


def test_an_export_is_made_and_predicted_with(world: World, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    folder = tmp_path / "onnx"
    samples = tmp_path / "texts.txt"
    samples.write_text("pupils compare fractions\nfly from oslo to new lima\n", encoding="utf-8")
    said = succeeded(run("export", world.model, folder, "--samples", samples))
    assert said.startswith(f"exported {folder}, ")
    texts = ["--text", "pupils compare fractions", "--json"]
    ours, theirs = (json.loads(succeeded(run("predict", place, *texts))) for place in (world.model, folder))
    assert {name: row["label"] for name, row in theirs["tasks"].items()} == {
        name: row["label"] for name, row in ours["tasks"].items()
    }


# ---- bad data and configs


def _rename(content: dict[str, Any]) -> None:
    content["datasets"][0]["columns"]["labels"]["thinks"] = "thinking"


def _unknown_label(content: dict[str, Any]) -> None:
    content["tasks"][1]["labels"] = ["maths", "sports"]


def _one_class(content: dict[str, Any]) -> None:
    content["datasets"][0]["columns"]["labels"]["subject"] = {"column": "subject", "map": {"maths": "music"}}


def _unknown_key(content: dict[str, Any]) -> None:
    content["trainer"]["epoch"] = 3


def _no_file(content: dict[str, Any]) -> None:
    content["datasets"][0]["train"] = "nowhere.jsonl"


def _empty_split(content: dict[str, Any]) -> None:
    content["datasets"][0]["validation"] = "empty.jsonl"


@pytest.mark.parametrize("command", ["train", "summary"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_rename, "has no column 'thinking'"),
        (_unknown_label, "'music' is not one of maths, sports"),
        (_one_class, "has only the label 'music'"),
        (_unknown_key, "trainer.epoch: unknown key"),
        (_no_file, "nowhere.jsonl does not exist"),
        (_empty_split, "empty.jsonl holds no rows"),
    ],
)
def test_data_that_cannot_be_learned_from_are_one_error(
    world: World, tmp_path: Path, command: str, change: Change, said: str
) -> None:
    (world.folder / "empty.jsonl").write_text("", encoding="utf-8")
    config = world.changed(tmp_path / "config.yaml", change)
    result = run(command, "--config", config, f"output={tmp_path / 'model'}")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.count("error: ") == 1
    assert said in result.stderr
    assert not (tmp_path / "model").exists()


def test_one_bad_row_is_named_on_the_line_of_the_error(world: World, tmp_path: Path) -> None:
    rows = lesson_rows(8)
    rows[4]["thinks"] = "maybe"
    bad = write_rows(tmp_path / "bad.jsonl", rows)
    line = one_error_line(run("train", "--config", world.config, "--dataset-name", bad, f"output={tmp_path / 'm'}"))
    assert f"{bad}:5" in line
    assert "'maybe' is not one of 0, 1" in line


def test_several_bad_rows_have_a_line_each(world: World, tmp_path: Path) -> None:
    rows = [{**row, "thinks": "maybe"} for row in lesson_rows(3)]
    bad = write_rows(tmp_path / "bad.jsonl", rows)
    result = run("train", "--config", world.config, "--dataset-name", bad, f"output={tmp_path / 'm'}")
    lines = result.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("error: 3 of 3 rows"))
    assert [f"{bad}:{number}" in line for number, line in enumerate(lines[start + 1 :], start=1)] == [True] * 3


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["seed"], "not key=value"),
        (["sed=1"], "sed: unknown key"),
        (["trainer.epochs=many"], "trainer.epochs"),
        (["--task", "moods"], "'moods', which is not a task"),
        (["--val-split", "1.5"], "splits.validation"),
    ],
)
def test_an_override_that_does_not_fit_is_one_line(world: World, overrides: list[str], said: str) -> None:
    assert said in one_error_line(run("train", "--config", world.config, *overrides))


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("- a", "no settings"), ("a: [", "not YAML")])
def test_a_config_that_cannot_be_read_is_one_line(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert said in one_error_line(run("summary", "--config", path))


def test_an_output_that_is_a_file_is_kept(world: World, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine", encoding="utf-8")
    assert "is a file" in one_error_line(run("train", "--config", world.config, f"output={mine}"))
    assert mine.read_text(encoding="utf-8") == "mine"


# ---- the program


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    names = {command.name or command.callback.__name__ for command in training.registered_commands if command.callback}
    assert names == {"train", "evaluate", "predict", "lr-find", "distill", "export", "summary"}
    shown = succeeded(run("--help"))
    assert all(f" {name} " in shown for name in names)
    code = (
        "import sys; import chatbot.cli; "
        "print(*sorted({'torch', 'lightning', 'sklearn', 'transformers', 'matplotlib', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
