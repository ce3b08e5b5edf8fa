"""``lesson-nudge train-messages`` writes heads that can be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from chatbot import cli
from chatbot.message_heads import train
from chatbot.message_heads.artifact import SHIPPED_HEADS, TrainedHeads, read_heads
from mtl_core.encoder import SharedEncoder

if TYPE_CHECKING:
    import pytest


def test_trained_heads_are_saved_where_asked(
    tmp_path: Path, encoder: SharedEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shipped(given: SharedEncoder, **_: object) -> TrainedHeads:
        assert not given.uses_bfloat16
        return read_heads(SHIPPED_HEADS, encoder=given)

    # training takes minutes; test_message_fit covers it
    monkeypatch.setattr(train, "train_heads", shipped)
    done = CliRunner().invoke(cli.app, ["train-messages", "-o", str(tmp_path / "heads")])
    assert done.exit_code == 0, done.output
    assert f"saved {tmp_path / 'heads'}" in done.stdout
    assert read_heads(tmp_path / "heads", encoder=encoder).config == read_heads(SHIPPED_HEADS, encoder=encoder).config


def test_what_is_no_encoder_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["train-messages", "-o", str(tmp_path / "heads"), "--encoder", str(tmp_path)])
    assert done.exit_code == 1
    assert "cannot be loaded" in done.stderr
    assert not (tmp_path / "heads").exists()
