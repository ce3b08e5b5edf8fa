"""``lesson-nudge lr-find``: a curve, and rates that can be given to ``train``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mtl_core.training.config import load_config
from tests.chatbot.training_commands.command_runs import World, one_error_line, run, succeeded


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
