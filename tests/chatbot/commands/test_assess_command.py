"""``lesson-nudge assess``: the profile, its JSON, and several files at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mtl_core.rubric import MEASURES
from tests.chatbot.commands.command_results import Run, assert_documented, one_error_line, rows_of, succeeded


def test_assess_shows_a_profile(run: Run, plan_file: Path) -> None:
    output = succeeded(run("assess", plan_file))
    assert " words" in output
    for measure in MEASURES.values():
        assert measure.title in output


def test_assess_prints_the_documented_json(run: Run, plan_file: Path, plan: str) -> None:
    (row,) = rows_of(succeeded(run("assess", plan_file, "--json")))
    assert_documented(row, plan_file, plan)
    assert any(reading["evidence"] for reading in row["measures"].values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_offsets_point_into_the_decoded_text(run: Run, tmp_path: Path, plan: str, encoding: str) -> None:
    text = plan.replace("\n", "\r\n").replace("kettle", "kettle 😀 é")
    path = tmp_path / "plan.txt"
    path.write_bytes(text.encode("utf-8-sig" if encoding == "utf-8" else encoding))
    (row,) = rows_of(succeeded(run("assess", path, "--json")))
    assert_documented(row, path, text)


def test_assess_reads_a_folder_in_the_order_of_names(run: Run, tmp_path: Path) -> None:
    for name in ("b.md", "a.txt", "skipped.png"):
        (tmp_path / name).write_text("# Magnets\n\nPupils sort things.\n", encoding="utf-8")
    rows = rows_of(succeeded(run("assess", tmp_path, "--json")))
    assert [row["source"] for row in rows] == [str(tmp_path / "a.txt"), str(tmp_path / "b.md")]


def test_one_bad_file_does_not_stop_the_others(run: Run, tmp_path: Path) -> None:
    good, also = tmp_path / "good.md", tmp_path / "also.md"
    for path in (good, also):
        path.write_text("# Magnets\n\nPupils sort things.\n", encoding="utf-8")
    empty = tmp_path / "empty.md"
    empty.write_bytes(b"")
    result = run("assess", good, empty, tmp_path / "missing.md", also, "--json")
    assert result.exit_code == 1
    assert [row["source"] for row in rows_of(result.stdout)] == [str(good), str(also)]
    first, second = result.stderr.splitlines()
    assert first.startswith(f"error: {empty}: The text is empty")
    assert second.startswith(f"error: {tmp_path / 'missing.md'} cannot be read")


def test_a_folder_without_plans_is_an_error(run: Run, tmp_path: Path) -> None:
    assert "no file of a kind that is read" in one_error_line(run("assess", tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux alone")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_file_name_that_is_no_utf_8_does_not_break_it(run: Run, tmp_path: Path, options: list[str]) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.md"))
    path.write_text("# Magnets\n\nPupils sort things.\n", encoding="utf-8")
    result = run("assess", tmp_path, *options)
    assert not isinstance(result.exception, UnicodeError)
    assert result.exit_code == 0
