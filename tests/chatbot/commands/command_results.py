"""What a command must print: its answer, its rows of JSON, or one line that says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

from mtl_core.rubric import MEASURES

Run = Callable[..., Result]


def succeeded(result: Result) -> str:
    assert result.exception is None, result.exception
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def one_error_line(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def rows_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def assert_documented(row: dict[str, Any], source: Path, text: str) -> None:
    assert list(row) == ["source", "is_lesson_plan", "language", "words", "measures"]
    assert row["source"] == str(source)
    assert isinstance(row["is_lesson_plan"], bool)
    assert isinstance(row["language"], str)
    assert row["words"] == len(text.split())
    assert list(row["measures"]) == list(MEASURES)
    for reading in row["measures"].values():
        assert list(reading) == ["probability", "verdict", "evidence"]
        assert 0 <= reading["probability"] <= 1
        assert reading["verdict"] in ("present", "absent", "unsure")
        assert (reading["evidence"] == []) is (reading["verdict"] == "absent")
        for evidence in reading["evidence"]:
            assert list(evidence) == ["quote", "start", "end"]
            assert text[evidence["start"] : evidence["end"]] == evidence["quote"] != ""
