"""What may stand on a screen."""

from __future__ import annotations

import pytest

from chatbot.terminal import shown, without_password


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ada:secret@host:5432/coach", "postgresql://ada:***@host:5432/coach"),
        ("postgresql://ada@host/coach", "postgresql://ada@host/coach"),
        ("postgresql://ada:p:w@/coach?host=/run", "postgresql://ada:***@/coach?host=/run"),
        ("sqlite:///folder/log@home.sqlite3", "sqlite:///folder/log@home.sqlite3"),
    ],
)
def test_the_password_of_a_database_is_not_shown(address: str, said: str) -> None:
    assert without_password(address) == said


def test_a_plan_reaches_the_terminal_as_text() -> None:
    assert "\x1b" not in shown("a\x1b[2J")
    assert shown("[red]").startswith("\\[red]")
