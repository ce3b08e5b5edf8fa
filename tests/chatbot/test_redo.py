"""A change that was undone is put back, byte for byte, as long as no other change came."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chatbot.coach import LessonCoach
from chatbot.errors import StateError
from chatbot.events import Judgement, PlanRead, Redone, Undone
from chatbot.state import replay

Make = Callable[[], LessonCoach]


@pytest.fixture
def changed(fast_coach: Make, plan: str) -> LessonCoach:
    """A coach whose plan took up two suggestions."""
    coach = fast_coach()
    coach.open(plan)
    for _ in range(2):
        waits = coach.pending or coach.idea().nudge
        assert waits is not None
        coach.decide(waits.id, "use")
    return coach


def test_every_undo_can_be_put_back_in_turn(changed: LessonCoach, plan: str) -> None:
    versions = [changed.state.text]
    readings = [changed.turn().analysis]
    while changed.state.history:
        versions.append(changed.undo().text)
        readings.append(changed.turn().analysis)
    assert versions[-1] == plan
    for version, reading in zip(reversed(versions[:-1]), reversed(readings[:-1]), strict=True):
        turn = changed.redo()
        assert turn.text == version
        assert turn.analysis.measures == reading.measures
    with pytest.raises(StateError, match="nothing was undone"):
        changed.redo()


def test_another_change_ends_what_can_be_put_back(changed: LessonCoach, plan: str) -> None:
    changed.undo()
    changed.revise(f"{plan}\n\nPupils tidy up.\n")
    with pytest.raises(StateError, match="nothing was undone"):
        changed.redo()


def test_a_conversation_taken_up_puts_back_as_well(changed: LessonCoach, fast_coach: Make) -> None:
    later = changed.state.text
    changed.undo()
    again = fast_coach()
    again.restore(changed.events)
    assert again.redo().text == later
    assert again.undo().text == changed.state.text


@pytest.mark.parametrize("words", ["redo", "put it back", "put that back in"])
def test_it_is_typed(changed: LessonCoach, words: str) -> None:
    later = changed.state.text
    changed.say("undo")
    assert changed.say(words).text == later


def test_what_the_words_mean_where_nothing_was_undone(changed: LessonCoach) -> None:
    later = changed.state.text
    assert changed.say("redo").text == later
    assert changed.say("redo").messages == ("There is nothing to put back.",)
    assert changed.say("put it back").text != later


def test_a_log_in_which_nothing_was_undone_cannot_put_back() -> None:
    judgements = {"pacing": Judgement(0.1, "absent")}
    with pytest.raises(ValueError, match="nothing to put back"):
        replay([PlanRead("a", judgements), Redone("b", judgements)])
    state = replay(
        [PlanRead("a", judgements), PlanRead("b", judgements), Undone("a", judgements), Redone("b", judgements)]
    )
    assert (state.text, [version.text for version in state.history], state.undone) == ("b", ["a"], ())
