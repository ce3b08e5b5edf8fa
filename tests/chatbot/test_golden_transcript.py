"""The coach on the real model and index, against a golden transcript.

Write it again, after the heads were trained, with::

    UPDATE_GOLDEN=1 python -m pytest tests/chatbot/test_golden_transcript.py
"""

from __future__ import annotations

import os
from pathlib import Path

from chatbot.coach import LessonCoach, Turn

GOLDEN = Path(__file__).parent / "golden" / "water.txt"
SCRIPT = (
    "why",
    "use it",
    "undo",
    "idea",
    "edit",
    "edit: Every pupil writes one sentence about the water cycle and hands it in.",
    "not now",
    "not relevant",
    "another idea",
    "word bank for evaporation",
    "help",
    "not relevant",
    "idea",
    "not now",
    "use it",
    "undo",
    "stop",
)


def told(turn: Turn) -> str:
    """A turn as text, without numbers of probability."""
    lines = list(turn.messages)
    if turn.nudge is not None:
        lines.append(f"[{turn.nudge.id}, {turn.nudge.measure}, {turn.nudge.template.id}] {turn.nudge.suggestion}")
    if turn.added is not None:
        lines.append(f"[added] {turn.text[slice(*turn.added)]}")
    return "\n".join(lines)


def test_the_golden_transcript(coach: LessonCoach, plan: str) -> None:
    parts = [told(coach.open(plan)), *(f"> {message}\n{told(coach.say(message))}" for message in SCRIPT)]
    transcript = "\n\n".join(parts) + "\n\n--- the plan at the end ---\n" + coach.state.text
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(transcript, encoding="utf-8")
    assert transcript == GOLDEN.read_text(encoding="utf-8")
