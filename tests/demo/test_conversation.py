"""What each control does, without Gradio: nothing is lost, answered twice or changed unasked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripted_service import ScriptedService

from chatbot.events import Decision
from chatbot.service import ThreadTurn
from demo.conversation import ELSEWHERE, FORGOTTEN, GONE, NO_PLAN, NOT_WAITING, UNCHANGED, UNREAD, Conversation
from demo.screen import Place, Screen

EMPTY = Place(owner="browser:one")


@pytest.fixture
def service(coach):
    return ScriptedService(coach)


@pytest.fixture
def talk(service):
    return Conversation(service)


@pytest.fixture
def here(talk, plan):
    """The place after a plan was read."""
    return _place(talk.read(EMPTY, plan))


def _place(screen: Screen) -> Place:
    thread = screen.thread
    nudge = thread.turn.nudge
    return Place(owner="browser:one", thread=thread.id, sequence=thread.sequence, nudge=nudge.id if nudge else "")


def _said(screen: Screen) -> list[str]:
    return [message["content"] for message in screen.log]


def test_reading_opens_a_thread_and_shows_the_profile(talk, plan):
    screen = talk.read(EMPTY, plan)
    assert screen.thread.id == "t1"
    assert _said(screen) == ["Praise.", "Would it help?"]
    assert (screen.plan, screen.show) == (None, "shows")


def test_masked_passages_are_shown_and_named(talk, service, coach, plan):
    service.masked = {"name": 2, "email": 1, "phone": 0}
    screen = talk.read(EMPTY, plan)
    assert "2 names and 1 e-mail addresses" in screen.notice


def test_a_reload_shows_the_same_suggestion_and_words(talk, here, plan):
    screen = talk.resume(here)
    assert screen.thread.turn.nudge.id == here.nudge
    assert screen.plan == plan
    assert _said(screen) == ["Praise.", "Would it help?"]


@pytest.mark.parametrize("change", [{"owner": "browser:two"}, {"thread": "t2"}])
def test_another_s_thread_is_not_shown_or_changed(talk, coach, here, plan, change):
    stranger = replace(here, **change)
    screens = [
        talk.resume(stranger),
        talk.read(stranger, plan + "More."),
        talk.decide(stranger, plan, Decision.USE),
        talk.edit(stranger),
        talk.quote(stranger, ""),
        talk.undo(stranger, plan),
        talk.say(stranger, plan, "why"),
        talk.close(stranger),
    ]
    assert {screen.notice for screen in screens} == {GONE}
    assert all(screen.thread is None and screen.log == () for screen in screens)
    assert len(coach.calls) == 1


def test_the_same_plan_is_not_read_again(talk, coach, here, plan):
    assert talk.read(here, plan.replace("\n", "\r\n")).notice == UNCHANGED
    assert len(coach.calls) == 1


def test_a_changed_plan_is_a_new_version_with_the_newlines_of_its_file(talk, coach, plan):
    here = _place(talk.read(EMPTY, plan.replace("\n", "\r\n")))
    talk.read(here, plan + "More.\n")
    assert coach.calls[-1] == ("revise", (plan + "More.\n").replace("\n", "\r\n"))


def test_a_thread_that_went_on_elsewhere_loses_nothing(talk, coach, here, plan):
    talk.say(here, plan, "why")
    stale = talk.read(here, plan + "Mine.")
    assert (stale.notice, stale.plan) == (ELSEWHERE, None)
    assert ELSEWHERE in _said(talk.say(here, plan, "why"))
    assert [call[0] for call in coach.calls] == ["open", "say"]


def test_use_it_changes_the_plan_and_undo_brings_it_back(talk, here, plan):
    used = talk.decide(here, plan, Decision.USE)
    assert used.plan == plan + "**Words.** Three of them."
    assert [version.cause for version in used.versions] == ["opened", "use"]
    assert talk.undo(_place(used), used.plan).plan == plan


def test_what_was_added_stays_marked_until_the_plan_changes(talk, here, plan):
    used = talk.decide(here, plan, Decision.USE)
    added = (len(plan), len(used.plan))
    assert used.added == added
    assert talk.resume(_place(used)).added == added
    asked = talk.say(_place(used), used.plan, "why")
    assert asked.added == added
    revised = talk.read(_place(asked), used.plan + "\nMine.\n")
    assert revised.added is None
    assert talk.undo(_place(revised), used.plan + "\nMine.\n").added is None


def test_not_relevant_takes_a_reason_and_needs_none(talk, service, here, plan):
    second = talk.decide(here, plan, Decision.NOT_RELEVANT)
    talk.decide(_place(second), plan, Decision.NOT_RELEVANT, reason="  We have no tablets. ")
    assert service.reasons == [None, "We have no tablets."]


def test_an_address_without_a_plan_changes_nothing(talk):
    assert talk.resume(EMPTY) is None


def test_edit_first_opens_the_box_and_puts_the_version_in(talk, coach, here, plan):
    assert talk.edit(here).editing == "**Words.** Three of them."
    assert talk.close(here).editing is None
    screen = talk.decide(here, plan, Decision.EDIT, text="Mine.")
    assert (screen.plan, screen.editing) == (plan + "Mine.", None)
    assert talk.decide(_place(screen), screen.plan, Decision.EDIT, text=" ").editing == ""


def test_already_there_sends_the_passage(talk, coach, here, plan):
    assert talk.quote(here, "  Tidy up. ").quoting == "Tidy up."
    assert talk.decide(here, plan, Decision.ALREADY_THERE, text=" ").quoting == ""
    talk.decide(here, plan, Decision.ALREADY_THERE, text=" Tidy up. ")
    assert ("quote", "Tidy up.") in coach.calls


@pytest.mark.parametrize("nudge", ["nudge-0", "", "<b>"])
@pytest.mark.parametrize("act", ["edit", "quote"])
def test_a_stale_press_opens_no_box(talk, here, nudge, act):
    stale = replace(here, nudge=nudge)
    screen = talk.edit(stale) if act == "edit" else talk.quote(stale, "")
    assert _said(screen)[-1] == NOT_WAITING
    assert (screen.editing, screen.quoting) == (None, None)


def test_nothing_that_the_teacher_wrote_since_is_overwritten(talk, coach, here, plan):
    edited = plan + "My own line."
    screens = [
        talk.decide(here, edited, Decision.USE),
        talk.decide(here, edited, Decision.EDIT, text="Mine."),
        talk.undo(here, edited),
        talk.say(here, edited, "use it"),
    ]
    assert [_said(screen)[-1] for screen in screens] == [UNREAD] * 4
    assert screens[1].editing == "Mine."
    assert len(coach.calls) == 1


def test_before_a_plan_every_control_asks_for_one(talk, plan):
    screens = [
        talk.decide(EMPTY, plan, Decision.USE),
        talk.edit(EMPTY),
        talk.quote(EMPTY, ""),
        talk.undo(EMPTY, plan),
        talk.say(EMPTY, plan, "why"),
    ]
    assert [_said(screen) for screen in screens] == [[NO_PLAN]] * 5


def test_an_error_is_said_and_the_message_stays_in_its_box(talk, here, plan):
    screen = talk.undo(here, plan)
    assert _said(screen)[-1].startswith("There is nothing to undo")
    assert screen.message is None
    assert talk.say(here, plan, "exit ticket").message == ""


def test_typing_edit_opens_the_box(talk, here, plan):
    assert talk.say(here, plan, "edit first").editing == "**Words.** Three of them."


def test_a_typed_wish_to_be_forgotten_empties_the_page(talk, service, here, plan, monkeypatch):
    gone = ThreadTurn("t1", "", 0, replace(service.last, wish="forget"), {})
    monkeypatch.setattr(service, "say", lambda *_, **__: gone)
    screen = talk.say(here, plan, "forget me")
    assert (screen.thread, screen.plan, screen.notice) == (None, "", FORGOTTEN)


def test_a_typed_wish_for_a_file_turns_to_the_files(talk, service, here, plan, monkeypatch):
    asked = ThreadTurn("t1", "", here.sequence, replace(service.last, wish="export"), {})
    monkeypatch.setattr(service, "say", lambda *_, **__: asked)
    assert talk.say(here, plan, "give me a file").show == "away"


def test_an_upload_is_a_new_plan_and_leaves_no_copy(talk, coach, tmp_path):
    file = tmp_path / "mine.md"
    file.write_text("# Mine\n\nPupils count.\n", encoding="utf-8")
    screen = talk.upload(EMPTY, str(file))
    assert screen.plan == "# Mine\n\nPupils count.\n"
    assert coach.calls[-1] == ("open", screen.plan)
    assert not file.exists()


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"%PDF-1.7 no"), ("a.exe", b"MZ"), ("a.md", b"")])
def test_a_bad_upload_is_one_sentence_without_the_server_s_path(talk, here, tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content)
    screen = talk.upload(here, str(file))
    assert screen.notice
    assert str(tmp_path) not in screen.notice
    assert screen.thread.id == "t1"
    assert not file.exists()
