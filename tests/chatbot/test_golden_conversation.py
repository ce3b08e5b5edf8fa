"""A conversation of twenty turns over the plan of a science lesson, word for word.

Write it again, after wordings or heads were changed, with::

    UPDATE_GOLDEN=1 python -m pytest tests/chatbot/test_golden_conversation.py

and read it as a teacher would.
"""

from __future__ import annotations

import os
from pathlib import Path

from chatbot.coach import LessonCoach, Turn
from chatbot.event_json import dump_event, load_event
from mtl_core.quality import QualityModel
from retrieval import TemplateIndex

FOLDER = Path(__file__).parent / "golden"
MY_CHECK = (
    "Halfway, on whiteboards every pupil writes which of the three solutions is neutral and how the colour shows it. "
    "We look at all the boards before anyone goes on."
)
MY_OPENING = (
    "To open, every pupil writes from memory which colours litmus took last week and what each colour told us, then "
    "pairs compare and correct."
)
SAID = (
    "why this?",
    "use it",
    "what is responsive feedback?",
    f"edit: {MY_CHECK}",
    "a word bank for acids and alkalis",
    "not now",
    "I only have 10 minutes",
    "yes",
    f"edit: {MY_OPENING}",
    "not relevant",
    "pause",
    "thanks",
    "resume",
    "use it",
    "undo",
    "another idea",
    "already there: Walk round the room and help groups that are stuck.",
    "export",
    "stop",
)


def _told(turn: Turn) -> str:
    lines = [f"  {said.kind}: {said.text}" for said in turn.said]
    if turn.nudge is not None and any(said.kind in ("nudge", "reminder") for said in turn.said):
        lines.append(f"    | {turn.nudge.suggestion}")
    if turn.added is not None:
        lines.append(f"    + {turn.text[slice(*turn.added)]}")
    return "\n".join(lines)


def test_a_conversation_of_twenty_turns(model: QualityModel, index: TemplateIndex) -> None:
    plan = (FOLDER / "acids_plan.md").read_text(encoding="utf-8")
    coach = LessonCoach(model, index)
    parts = [f"teacher: (opens the plan)\n{_told(coach.open(plan))}"]
    for message in SAID:
        parts.append(f"teacher: {message}\n{_told(coach.say(message))}")
        again = LessonCoach(model, index)
        again.restore([load_event(dump_event(event)) for event in coach.events])
        assert (again.state, again.pending) == (coach.state, coach.pending)
    assert len(parts) == 20
    transcript = "\n\n".join(parts) + f"\n\n--- the plan at the end ---\n{coach.state.text}"
    golden = FOLDER / "acids.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(transcript, encoding="utf-8")
    assert transcript == golden.read_text(encoding="utf-8")
