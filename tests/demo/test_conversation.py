"""What each control does, with a coach that plays a script."""

from __future__ import annotations

import pytest
from scripted_coach import ScriptedCoach

from chatbot.events import Decision
from demo.conversation import NO_PLAN, NOT_WAITING, UNCHANGED, UNREAD, Conversation, Session


@pytest.fixture
def talk(coach):
    return Conversation(lambda: coach)


@pytest.fixture
def session(talk, plan):
    return talk.read(None, plan).session


def _said(session: Session) -> list[str]:
    return [message["content"] for message in session.log]


def test_each_tab_gets_its_own_coach_at_its_first_event(plan):
    made: list[ScriptedCoach] = []

    def make() -> ScriptedCoach:
        made.append(ScriptedCoach())
        return made[-1]

    talk = Conversation(make)
    assert not made
    first, second = talk.read(None, plan).session, talk.read(None, plan + "!").session
    talk.read(first, plan + "?")
    assert [coach.text for coach in made] == [plan + "?", plan + "!"]
    assert first.coach is not second.coach


def test_reading_opens_the_plan_and_leaves_the_text_box_alone(talk, coach, plan):
    screen = talk.read(None, plan)
    assert coach.calls == [("open", plan)]
    assert screen.plan is None
    assert _said(screen.session) == ["Praise.", "Would it help?"]


def test_reading_again_hands_over_the_new_version(talk, coach, session, plan):
    screen = talk.read(session, plan + "More.\n")
    assert coach.calls[-1] == ("revise", plan + "More.\n")
    assert _said(screen.session)[-2:] == ["I have read your version.", "Would it help?"]


def test_an_unchanged_plan_is_not_read_again(talk, coach, session, plan):
    assert talk.read(session, plan).notice == UNCHANGED
    assert len(coach.calls) == 1


def test_a_text_box_turns_newlines_into_line_feeds_and_the_plan_keeps_its_own(talk, coach, tmp_path):
    file = tmp_path / "plan.txt"
    file.write_bytes(b"One.\r\nTwo.\r\n")
    session = talk.upload(None, str(file)).session
    assert talk.read(session, "One.\nTwo.\n").notice == UNCHANGED
    talk.read(session, "One.\nTwo.\nThree.\n")
    assert coach.calls[-1] == ("revise", "One.\r\nTwo.\r\nThree.\r\n")


def test_starting_over_opens_the_same_text_as_a_new_plan(talk, coach, session, plan):
    screen = talk.read(session, plan, fresh=True)
    assert coach.calls == [("open", plan), ("open", plan)]
    assert _said(screen.session) == ["Praise.", "Would it help?"]


@pytest.mark.parametrize("opened", [False, True])
def test_an_empty_plan_is_one_sentence_and_loses_nothing(talk, coach, plan, opened):
    session = talk.read(None, plan).session if opened else None
    screen = talk.read(session, "  \n")
    assert screen.notice.startswith("The text is empty")
    assert screen.plan is None
    assert coach.text == (plan if opened else "")


def test_using_a_suggestion_changes_the_plan_and_undo_brings_it_back(talk, session, plan):
    screen = talk.decide(session, plan, "nudge-1", Decision.USE)
    assert screen.plan == plan + "**Words.** Three of them."
    assert session.added == (len(plan), len(screen.plan))
    assert _said(session)[2:] == ["Use it", "Verified.", "Would it help?"]
    talk.why(session)
    assert session.added == (len(plan), len(screen.plan))
    assert talk.undo(session, screen.plan).plan == plan
    assert session.added is None


def test_editing_shows_the_suggestion_and_puts_the_version_in(talk, coach, session, plan):
    assert talk.edit(session, "nudge-1").editing == "**Words.** Three of them."
    assert talk.close_edit(session).editing is None
    screen = talk.decide(session, plan, "nudge-1", Decision.EDIT, version="Mine.")
    assert screen.plan == plan + "Mine."
    assert screen.editing is None
    assert coach.calls[-1] == ("decide", "nudge-1", "edit", "Mine.")


def test_an_empty_version_keeps_the_box_open(talk, coach, session, plan):
    screen = talk.decide(session, plan, "nudge-1", Decision.EDIT, version="  ")
    assert screen.editing is not None
    assert coach.nudge is not None
    assert coach.text == plan


@pytest.mark.parametrize(("decision", "label"), [("not_now", "Not now"), ("not_relevant", "Not relevant")])
def test_dismissing_leaves_the_plan_alone(talk, session, plan, decision, label):
    screen = talk.decide(session, plan + "unread", "nudge-1", Decision(decision))
    assert screen.plan is None
    assert _said(session)[2:] == [label, "Fine.", "Would it help?"]


@pytest.mark.parametrize("nudge_id", ["nudge-0", "", "<b>"])
@pytest.mark.parametrize("decision", list(Decision))
def test_a_stale_press_gets_a_polite_answer(talk, session, plan, nudge_id, decision):
    screen = talk.decide(session, plan, nudge_id, decision, version="Mine.")
    assert _said(session)[-1] == NOT_WAITING
    assert (screen.plan, screen.editing) == (None, None)
    assert len(session.coach.calls) == 1


def test_a_second_press_does_not_answer_the_next_suggestion(talk, coach, session, plan):
    talk.decide(session, plan, "nudge-1", Decision.NOT_NOW)
    talk.decide(session, plan, "nudge-1", Decision.NOT_NOW)
    assert [call[0] for call in coach.calls] == ["open", "decide"]


def test_nothing_that_the_teacher_wrote_since_is_overwritten(talk, coach, session, plan):
    edited = plan + "My own line."
    talk.decide(session, edited, "nudge-1", Decision.USE)
    kept = talk.decide(session, edited, "nudge-1", Decision.EDIT, version="Mine.")
    talk.undo(session, edited)
    for message in ("use it", "edit: Mine.", "undo"):
        talk.say(session, edited, message)
    assert _said(session)[2:] == [UNREAD] * 6
    assert kept.editing == "Mine."
    assert len(coach.calls) == 1


def test_before_a_plan_every_control_asks_for_one(talk, plan):
    screens = [
        talk.decide(None, plan, "nudge-1", Decision.USE),
        talk.edit(None, "nudge-1"),
        talk.undo(None, plan),
        talk.idea(None),
        talk.why(None),
        talk.say(None, plan, "why"),
    ]
    assert [_said(screen.session) for screen in screens] == [[NO_PLAN]] * 6


def test_an_error_of_the_coach_is_said_in_the_conversation(talk, session, plan):
    talk.undo(session, plan)
    assert _said(session)[-2:] == ["Undo", "There is nothing to undo: the plan is as you gave it."]


def test_a_typed_message_goes_to_the_coach_and_clears_the_box(talk, coach, session, plan):
    screen = talk.say(session, plan, " exit ticket ")
    assert coach.calls[-1] == ("say", " exit ticket ")
    assert screen.message == ""
    assert session.log[-2] == {"role": "user", "content": "exit ticket"}


def test_a_typed_undo_brings_the_text_back(talk, session, plan):
    changed = talk.decide(session, plan, "nudge-1", Decision.USE).plan
    assert talk.say(session, changed, "undo").plan == plan


def test_typing_edit_opens_the_box(talk, session, plan):
    assert talk.say(session, plan, "edit first").editing == "**Words.** Three of them."


def test_an_empty_message_is_one_sentence(talk, session, plan):
    assert talk.say(session, plan, " ").message is None
    assert _said(session)[-1].startswith("The message is empty")


def test_an_upload_is_a_new_plan_and_leaves_no_copy(talk, coach, session, tmp_path):
    file = tmp_path / "mine.md"
    file.write_text("# Mine\n\nPupils count.\n", encoding="utf-8")
    screen = talk.upload(session, str(file))
    assert screen.plan == "# Mine\n\nPupils count.\n"
    assert coach.calls[-1] == ("open", screen.plan)
    assert not file.exists()


@pytest.mark.parametrize(("content", "word"), [(b"%PDF-1.7", "PDF"), (b"\xff\x00\x81", "text"), (b"", "empty")])
def test_a_bad_upload_is_one_sentence_without_the_server_s_path(talk, session, tmp_path, content, word):
    file = tmp_path / "mine.md"
    file.write_bytes(content)
    screen = talk.upload(session, str(file))
    assert word in screen.notice
    assert str(tmp_path) not in screen.notice
    assert screen.plan is None
    assert len(session.log) == 2
