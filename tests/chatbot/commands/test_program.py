"""The program as a whole: its version, its help, how it is misused, and that it is installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.chatbot.commands.command_results import Run, assert_documented, rows_of, succeeded


def test_version(run: Run) -> None:
    assert succeeded(run("version")) == f"{version('lesson-nudge')}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["assess", "--help"], ["chat", "--help"]])
def test_help_is_shown(run: Run, arguments: list[str]) -> None:
    assert "Usage:" in succeeded(run(*arguments))


@pytest.mark.parametrize("arguments", [["dance"], ["assess"], ["assess", "--colour"], ["search", "x", "-k", "many"]])
def test_a_misused_command_exits_with_two(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_the_installed_command(tmp_path: Path, plan_file: Path, plan: str) -> None:
    command = Path(sys.executable).with_name("lesson-nudge")
    finished = subprocess.run(
        [command, "assess", "--json", plan_file, tmp_path / "missing.md"],
        capture_output=True,
        cwd=tmp_path,
        timeout=200,
        check=False,
    )
    (row,) = rows_of(finished.stdout.decode())
    assert_documented(row, plan_file, plan)
    assert finished.returncode == 1
    assert finished.stderr.decode().splitlines() == [
        f"error: {tmp_path / 'missing.md'} cannot be read: No such file or directory. Check the path."
    ]
