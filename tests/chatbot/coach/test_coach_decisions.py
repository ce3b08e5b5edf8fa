"""What a decision on a nudge does to the text, that it can be undone, and what a dismissal leads to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from chatbot.events import Decision
from mtl_core.errors import InputError


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n  \n"])
def test_use_changes_the_text_only_by_the_suggestion_and_undo_is_exact(
    coach: LessonCoach, plan: str, newline: str, tail: str
) -> None:
    text = (plan.rstrip("\n") + tail).replace("\n", newline)
    opened = coach.open(text)
    nudge = opened.nudge
    assert nudge is not None
    turn = coach.decide(nudge.id, "use")
    assert turn.added is not None
    start, end = turn.added
    assert turn.text[start:end] == nudge.suggestion
    assert turn.text == coach.state.text
    before, after = turn.text[:start].rstrip("\r\n"), turn.text[end:].lstrip("\r\n")
    assert text.startswith(before)
    assert text.endswith(after)
    assert text[len(before) : len(text) - len(after)].strip() == ""
    assert ("\n" in turn.text.replace("\r\n", "")) is ("\r\n" not in text)
    undone = coach.undo()
    assert undone.text.encode() == text.encode()
    assert undone.nudge is None
    assert undone.analysis is opened.analysis


def test_edit_inserts_the_teachers_own_text(coach: LessonCoach, plan: str) -> None:
    nudge = coach.open(plan).nudge
    assert nudge is not None
    mine = "My own words: <b>every</b> pupil writes & hands in {one} sentence."
    turn = coach.decide(nudge.id, Decision.EDIT, text=mine)
    assert turn.added is not None
    assert turn.text[slice(*turn.added)] == mine
    assert nudge.suggestion not in turn.text


def test_a_chain_of_changes_is_undone_version_by_version(fast_coach: Callable[[], LessonCoach], plan: str) -> None:
    coach = fast_coach()
    coach.open(plan)
    versions = [plan]
    for message in ("use it", "edit: One.\nTwo.", "idea", "use it"):
        coach.say(message)
        if coach.state.text != versions[-1]:
            versions.append(coach.state.text)
    coach.revise("# Other\r\n\r\nPupils write.")
    versions.append(coach.state.text)
    assert len(versions) == 5
    for version in reversed(versions[:-1]):
        assert coach.undo().text.encode() == version.encode()
    with pytest.raises(InputError, match="nothing to undo"):
        coach.undo()


@pytest.mark.parametrize("decision", ["not_now", "not_relevant"])
def test_a_dismissal_leaves_the_text_and_moves_on(
    fast_coach: Callable[[], LessonCoach], plan: str, decision: str
) -> None:
    coach = fast_coach()
    first = coach.open(plan).nudge
    assert first is not None
    turn = coach.decide(first.id, decision)
    assert (turn.text, turn.added) == (plan, None)
    assert turn.nudge is not None
    assert turn.nudge.measure != first.measure
    assert turn.said[0].kind == "message"
    second = coach.decide(turn.nudge.id, decision)
    assert second.nudge is None, "two dismissals in a row, and still talking"
    assert coach.idea().nudge is not None, "asked for, so given"
