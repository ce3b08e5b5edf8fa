"""``lesson-nudge chat``: what is typed changes the plan, and the result is written where asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chatbot.commands.command_results import Run, one_error_line, succeeded


def test_chat_uses_undoes_and_writes_the_result(run: Run, plan_file: Path, tmp_path: Path, plan: str) -> None:
    output = tmp_path / "better.md"
    shown = succeeded(run("chat", plan_file, "--output", output, stdin="why\nuse it\nstop\n"))
    assert "The plan stays as it is now" in shown
    better = output.read_bytes().decode()
    assert len(better) > len(plan)
    assert "".join(better.split()) != "".join(plan.split())
    assert plan_file.read_bytes() == plan.encode()
    shown = succeeded(run("chat", plan_file, "-o", output, stdin="use it\nundo\nnot now\n\nedit: Mine.\nundo\nstop\n"))
    assert "Undone" in shown
    assert "The message is empty" in shown
    assert output.read_bytes() == plan.encode()


def test_chat_inserts_an_edit_and_ends_with_its_input(run: Run, plan_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "better.md"
    succeeded(run("chat", plan_file, "-o", output, stdin="edit: My own words.\n"))
    assert "\n\nMy own words.\n" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize("word", ["stop", "STOP", "quit", "exit", "bye", "done", "Stop!", "enough."])
def test_chat_ends_when_it_says_done(run: Run, plan_file: Path, tmp_path: Path, plan: str, word: str) -> None:
    output = tmp_path / "better.md"
    shown = succeeded(run("chat", plan_file, "-o", output, stdin=f"{word}\nuse it\n"))
    assert "The plan stays" in shown
    assert output.read_bytes() == plan.encode()


def test_chat_says_where_it_saved(run: Run, plan_file: Path, tmp_path: Path) -> None:
    output = tmp_path / "plan [final].md"
    shown = succeeded(run("chat", plan_file, "-o", output, stdin="stop\n"))
    assert output.is_file()
    assert "plan[final].md" in "".join(shown.split())


@pytest.mark.parametrize("name", ["no/such/folder/better.md", ""])
def test_chat_that_cannot_write_says_so(run: Run, plan_file: Path, tmp_path: Path, name: str) -> None:
    output = tmp_path / name
    assert str(output) in one_error_line(run("chat", plan_file, "-o", output, stdin="use it\nstop\n"))


def test_chat_prints_a_suggestion_once_and_again_where_it_is_asked_for(run: Run, plan_file: Path) -> None:
    exits = "use it · edit: your version"
    assert succeeded(run("chat", plan_file, stdin="")).count(exits) == 1
    assert succeeded(run("chat", plan_file, stdin="thank you\nwhy\nhello\n")).count(exits) == 1
    assert succeeded(run("chat", plan_file, stdin="why\nidea\n")).count(exits) == 2
    assert succeeded(run("chat", plan_file, stdin="not now\n")).count(exits) == 2
