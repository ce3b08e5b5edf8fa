"""How readings and turns look in a terminal; what a plan says is text there and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from chatbot.session import Turn
    from mtl_core.reading import Analysis

__all__ = ["print_profile", "print_turn", "printable", "shown", "without_password"]


def printable(text: str | Path) -> str:
    """Text that any terminal takes: bytes of a file name that are no UTF-8 are written as escapes."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def shown(text: str) -> str:
    """Text for the terminal: no markup is read in it, and no control code of a plan reaches it."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))


def without_password(address: str) -> str:
    """An address of a database as it may stand on a screen."""
    return re.sub(r"(://[^:@/]*):[^@/]*@", r"\1:***@", address)


def print_profile(console: Console, source: str, analysis: Analysis) -> None:
    """Print a reading as a table.

    Args:
        console: Where.
        source: Name of the plan.
        analysis: The reading.
    """
    console.print(f"[bold]{shown(source)}[/bold], {analysis.words} words")
    if not analysis.is_lesson_plan:
        console.print("This does not read as a lesson plan in English, so no judgement is shown.")
        return
    table = Table("measure", "found", "how sure", "evidence", box=None)
    marks = {"present": "yes", "absent": "no", "unsure": "not sure"}
    for key, reading in analysis.measures.items():
        quote = " ".join(reading.evidence[0].quote.split()) if reading.evidence else ""
        beginning = quote if len(quote) <= 90 else quote[:89] + "…"
        table.add_row(
            shown(analysis.rubric[key].title), marks[reading.verdict], f"{reading.probability:.0%}", shown(beginning)
        )
    console.print(table)


def print_turn(console: Console, turn: Turn) -> None:
    """Print what the coach says, and the suggestion that waits.

    Args:
        console: Where.
        turn: The turn.
    """
    for message in turn.messages:
        console.print(shown(message))
    if turn.nudge is not None:
        console.print()
        console.print(shown(turn.nudge.suggestion), style="cyan")
        console.print("[dim]use it · edit: your version · not now · not relevant · why[/dim]")
