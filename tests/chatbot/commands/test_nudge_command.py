"""``lesson-nudge nudge``: praise, one gap, and one suggestion."""

from __future__ import annotations

from pathlib import Path

from tests.chatbot.commands.command_results import Run, rows_of, succeeded


def test_nudge_prints_praise_gap_and_suggestion(run: Run, plan_file: Path, plan: str) -> None:
    (row,) = rows_of(succeeded(run("nudge", plan_file, "--json")))
    assert list(row) == ["source", "is_lesson_plan", "praise", "message", "gap", "nudge"]
    assert row["source"] == str(plan_file)
    assert row["is_lesson_plan"] is True
    assert list(row["nudge"]) == ["id", "measure", "message", "suggestion", "template"]
    assert row["nudge"]["measure"] == row["gap"]
    assert row["nudge"]["message"] == row["message"]
    assert row["gap"] in row["nudge"]["template"]["measures"]
    assert set(row["nudge"]["template"]["grades"]) == {"from", "to"}
    assert row["praise"] is None or row["praise"].startswith("Your plan shows ")
    shown = succeeded(run("nudge", plan_file))
    assert row["nudge"]["template"]["title"].split()[0] in shown
    assert "use it · edit: your version · not now · not relevant · why" in shown
    assert plan_file.read_bytes() == plan.encode()
