"""The training commands run in this process, what they must print, and a model that they trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from typer.testing import CliRunner

from chatbot import cli
from tests.chatbot.training_commands.training_world import write_config

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
