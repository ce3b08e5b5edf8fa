"""``lesson-nudge predict``: labels and probabilities of texts, and models or texts that cannot be read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mtl_core.model import MultiTaskModel
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded
from tests.chatbot.training_commands.training_world import write_rows


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
