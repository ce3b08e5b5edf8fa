"""The command, run in this process on the model and index that are loaded already, and a plan to give it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from chatbot import cli, loading
from mtl_core.encoder import SharedEncoder
from mtl_core.quality import QualityModel
from retrieval import TemplateIndex
from tests.chatbot.commands.command_results import Run

if TYPE_CHECKING:
    from click.testing import Result


@pytest.fixture
def run(encoder: SharedEncoder, model: QualityModel, index: TemplateIndex, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process, on the model and index that are loaded already."""
    load_index = loading.load_index
    monkeypatch.setattr(loading, "load_encoder", lambda: encoder)
    monkeypatch.setattr(
        loading,
        "load_model",
        lambda folder: model if folder is None else QualityModel.from_pretrained(folder, encoder=encoder),
    )
    monkeypatch.setattr(
        loading, "load_index", lambda folder, *, encoder: load_index(folder, encoder=encoder) if folder else index
    )

    def invoke(*arguments: object, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], input=stdin)

    return invoke


@pytest.fixture
def plan_file(tmp_path: Path, plan: str) -> Path:
    path = tmp_path / "plan.md"
    path.write_bytes(plan.encode())
    return path
