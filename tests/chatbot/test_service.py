"""Conversations that are kept: owners, resuming, masking, deletion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra serve")

from service_world import Clock, service_over, stand_in_model

from chatbot.masking import name_finder
from chatbot.store.base import ConflictError, NotFoundError
from chatbot.store.sql import open_log
from mtl_core.errors import ArtifactError, InputError
from retrieval import TemplateIndex, TemplateLibrary


@pytest.fixture(scope="module")
def world():
    library = TemplateLibrary.shipped()
    model: Any = stand_in_model(library)
    return model, TemplateIndex.build(library, encoder=model.encoder)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'talk.db'}"


@pytest.fixture
def log(url: str):
    with open_log(url) as opened:
        yield opened


@pytest.fixture
def service(world, log):
    return service_over(*world, log)


def test_what_was_said_is_there_after_a_restart(world, url, plan) -> None:
    with open_log(url) as log:
        service = service_over(*world, log)
        first = service.open("ada", plan)
        used = service.decide("ada", first.id, first.turn.nudge.id, "use")
        assert used.turn.text != plan
    with open_log(url) as log:
        seen = service_over(*world, log, prefix="later").view("ada", first.id)
    assert seen.turn.text == used.turn.text
    assert seen.turn.nudge == used.turn.nudge
    assert seen.turn.nudge is not None
    assert seen.turn.state == used.turn.state
    assert (seen.sequence, seen.title) == (used.sequence, "Water moves around")


def test_undo_after_a_restart_is_byte_exact(world, log, plan) -> None:
    first = service_over(*world, log).open("ada", plan)
    service_over(*world, log).decide("ada", first.id, first.turn.nudge.id, "edit", text="Pupils write one sentence.")
    turn = service_over(*world, log).undo("ada", first.id).turn
    assert turn.text == plan


def test_another_owner_finds_nothing(service, plan) -> None:
    first = service.open("ada", plan)
    nudge = first.turn.nudge.id
    for act in (
        lambda: service.view("bob", first.id),
        lambda: service.say("bob", first.id, "why?"),
        lambda: service.decide("bob", first.id, nudge, "use"),
        lambda: service.revise("bob", first.id, plan + "x"),
        lambda: service.undo("bob", first.id),
        lambda: service.events("bob", first.id),
        lambda: service.versions("bob", first.id),
        lambda: service.delete("bob", first.id),
        lambda: service.view("ada", "nowhere"),
    ):
        with pytest.raises(NotFoundError):
            act()
    assert service.threads("bob") == []
    assert service.view("ada", first.id).sequence == first.sequence


def test_the_same_answer_twice_counts_once(service, plan) -> None:
    first = service.open("ada", plan)
    used = service.decide("ada", first.id, first.turn.nudge.id, "use")
    again = service.decide("ada", first.id, first.turn.nudge.id, "use")
    assert (again.sequence, again.turn.text, again.turn.nudge) == (used.sequence, used.turn.text, used.turn.nudge)
    with pytest.raises(InputError):
        service.decide("ada", first.id, first.turn.nudge.id, "not_now")


def test_a_thread_that_went_on_elsewhere_is_read_again(world, log, plan) -> None:
    one, other = service_over(*world, log), service_over(*world, log, prefix="other")
    first = one.open("ada", plan)
    gone_on = other.decide("ada", first.id, first.turn.nudge.id, "not_now")
    assert one.view("ada", first.id).turn.state == gone_on.turn.state
    with pytest.raises(ConflictError):
        one.say("ada", first.id, "yes", expected=first.sequence)
    with pytest.raises(InputError):
        one.decide("ada", first.id, first.turn.nudge.id, "use")


def test_what_could_not_be_kept_did_not_happen(world, log, plan, monkeypatch) -> None:
    service = service_over(*world, log)
    first = service.open("ada", plan)

    def broken(*_: Any, **__: Any) -> int:
        raise ArtifactError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(log, "append", broken)
        with pytest.raises(ArtifactError, match="disk"):
            service.decide("ada", first.id, first.turn.nudge.id, "use")
    seen = service.view("ada", first.id)
    assert (seen.turn.text, seen.turn.nudge, seen.sequence) == (plan, first.turn.nudge, first.sequence)


def test_versions_tell_what_led_to_them(service, plan) -> None:
    first = service.open("ada", plan)
    service.decide("ada", first.id, first.turn.nudge.id, "use")
    service.undo("ada", first.id)
    service.revise("ada", first.id, plan + "\nA last line.\n")
    found = service.versions("ada", first.id)
    assert [one.cause for one in found] == ["opened", "use", "undone", "revised"]
    assert [one.number for one in found] == [1, 2, 3, 4]
    assert (found[0].text, found[2].text, found[3].text) == (plan, plan, plan + "\nA last line.\n")


def test_a_text_that_was_no_plan_is_followed_by_one(world, log, plan) -> None:
    service = service_over(*world, log)
    first = service.open("ada", "¿Qué es esto? Una lista de palabras.")
    second = service.revise("ada", first.id, plan)
    assert second.turn.text == plan
    again = service_over(*world, log).view("ada", first.id)
    assert (again.turn.text, again.turn.nudge, again.sequence) == (plan, second.turn.nudge, second.sequence)
    assert service.view("ada", first.id).turn.state == again.turn.state


def test_names_are_masked_before_anything_is_kept(world, tmp_path, url, plan) -> None:
    noted = f"{plan}\n## SEN notes\n- Aisha: overlay\n- Marcus has an IEP.\n\nCall 07700 900461 or aisha@home.org.\n"
    with open_log(url) as log:
        service = service_over(*world, log)
        first = service.open("ada", noted, title="Support for Aisha")
        assert first.masked == {"name": 3, "phone": 1, "email": 1}
        service.say("ada", first.id, "what helps Aisha?")
        service.decide("ada", first.id, first.turn.nudge.id, "edit", text="Marcus writes one sentence.")
        service.revise("ada", first.id, service.view("ada", first.id).turn.text + "\nAisha reads first.\n")
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"Aisha", b"aisha", b"Marcus", b"900461"):
        assert secret not in kept


def test_names_that_no_rule_knows_are_masked_by_the_heads(world, tmp_path, url, plan, encoder) -> None:
    noted = f"{plan}\nOluwaseun needs the instructions read to him twice.\n"
    with open_log(url) as log:
        service = service_over(*world, log, finder=name_finder(encoder))
        first = service.open("ada", noted)
        assert first.masked == {"name": 1}
        service.say("ada", first.id, "what would help Katarzyna, who tires easily?")
        same = service.revise("ada", first.id, first.turn.text)
        assert same.turn.text == first.turn.text
        kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"Oluwaseun", b"Katarzyna"):
        assert secret not in kept


def test_who_turns_masking_off_keeps_the_names(service, plan) -> None:
    service.change_settings("ada", masking=False)
    noted = f"{plan}\nSEN: Aisha, Ben\n"
    first = service.open("ada", noted)
    assert (first.turn.text, first.masked) == (noted, {})
    assert service.open("bob", noted).masked == {"name": 2}


def test_delete_and_forget(service, log, plan) -> None:
    one, two, other = service.open("ada", plan), service.open("ada", plan), service.open("bob", plan)
    service.change_settings("ada", masking=False)
    service.delete("ada", one.id)
    with pytest.raises(NotFoundError):
        service.view("ada", one.id)
    assert service.forget("ada") == 1
    assert service.threads("ada") == []
    assert log.events(two.id) == []
    assert service.settings("ada").masking is True
    assert service.view("bob", other.id).turn.text == plan


def test_forget_me_typed_is_done_at_once(service, log, plan) -> None:
    one, two = service.open("ada", plan), service.open("ada", plan)
    service.say("ada", one.id, "forget me")
    assert service.threads("ada") == []
    assert log.events(two.id) == []


def test_threads_end_with_their_days(world, log, plan) -> None:
    clock = Clock()
    service = service_over(*world, log, clock=clock)
    service.change_settings("ada", retention_days=2)
    service.change_settings("eve", keep_forever=True)
    for owner in ("ada", "bob", "eve"):
        service.open(owner, plan)
    clock.passes(days=3)
    service.open("cy", plan)
    assert [len(service.threads(owner)) for owner in ("ada", "bob", "eve", "cy")] == [0, 1, 1, 1]
    with pytest.raises(InputError, match="choose one"):
        service.change_settings("ada", retention_days=3, keep_forever=True)
    with pytest.raises(InputError, match="days"):
        service.change_settings("ada", retention_days=0)


def test_decisions_are_kept_to_learn_from_with_consent_alone(service, log, plan) -> None:
    first = service.open("ada", plan)
    service.decide("ada", first.id, first.turn.nudge.id, "use")
    assert list(log.consented_threads()) == []
    service.change_settings("ada", keep_labels=True)
    pending = service.view("ada", first.id).turn.nudge
    service.decide("ada", first.id, pending.id, "not_now")
    ((row, events),) = log.consented_threads()
    assert row.id == first.id
    assert [e.event["decision"] for e in events if e.consented and e.event["kind"] == "decided"] == ["not_now"]
    service.change_settings("ada", keep_labels=False)
    assert list(log.consented_threads()) == []


def test_search_takes_filters(service) -> None:
    hits = service.search("exit ticket", k=4, subject="science", measure="exit_assessment")
    assert 0 < len(hits) <= 4
    assert all("exit_assessment" in hit.template.measures for hit in hits)
    with pytest.raises(InputError):
        service.search("exit ticket", measure="nothing")
