"""Many threads at once: one turn at a time a conversation, nothing lost, memory bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra serve")

from service_world import service_over, stand_in_model

from chatbot.coach_cache import CoachCache
from chatbot.reading_turns import ReadingTurns
from chatbot.store.sql import open_log
from mtl_core.errors import InputError
from retrieval import TemplateIndex, TemplateLibrary


@pytest.fixture(scope="module")
def world():
    library = TemplateLibrary.shipped()
    model: Any = stand_in_model(library)
    return model, TemplateIndex.build(library, encoder=model.encoder)


@pytest.fixture
def log(tmp_path):
    with open_log(f"sqlite:///{tmp_path / 'talk.db'}") as opened:
        yield opened


def test_many_teachers_at_once(world, log, plan) -> None:
    service = service_over(*world, log, most_coaches=3)

    def teach(number: int) -> tuple[str, str, Any]:
        owner = f"teacher-{number}"
        turn = service.open(owner, f"{plan}\nLine {number}.\n")
        for decision in ("use", "not_now", "use"):
            nudge = service.say(owner, turn.id, "another idea").turn.nudge
            if nudge is not None:
                turn = service.decide(owner, turn.id, nudge.id, decision)
        last = service.view(owner, turn.id)
        return owner, turn.id, last

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(teach, range(10)))
    for number, (owner, thread, last) in enumerate(done):
        again = service_over(*world, log).view(owner, thread)
        assert (again.turn.text, again.turn.nudge, again.sequence) == (last.turn.text, last.turn.nudge, last.sequence)
        assert f"Line {number}." in again.turn.text


def test_one_nudge_answered_by_many_at_once_is_answered_once(world, log, plan) -> None:
    services = [service_over(*world, log, prefix=f"s{number}") for number in range(2)]
    first = services[0].open("ada", plan)
    outcomes: list[str] = []

    def press(number: int) -> None:
        decision = "use" if number % 2 else "not_relevant"
        try:
            services[number % 2].decide("ada", first.id, first.turn.nudge.id, decision)
            outcomes.append(decision)
        except InputError:
            outcomes.append("refused")
        except Exception as error:  # noqa: BLE001 - a conflict is one of the good outcomes
            outcomes.append(type(error).__name__)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(press, range(8)))
    decided = [e.event for e in log.events(first.id) if e.event["kind"] == "decided"]
    assert len(decided) == 1
    assert decided[0]["decision"] in outcomes
    assert set(outcomes) <= {"use", "not_relevant", "refused", "ConflictError"}


def test_the_cache_is_bounded_and_gives_a_conversation_to_one_at_a_time() -> None:
    cache = CoachCache(3)
    inside: list[int] = []

    def work(number: int) -> None:
        with cache.hold(f"t{number % 5}") as held:
            inside.append(held.sequence)
            held.sequence += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    assert len(cache) <= 3
    with cache.hold("one") as held:
        held.sequence = 7
        busy = threading.Thread(target=lambda: cache.drop(["one"]))
        busy.start()
        assert held.sequence == 7
    busy.join(10)
    with cache.hold("one") as held:
        assert held.sequence == 0


@pytest.mark.parametrize("allowed", [1, 3])
def test_no_more_plans_are_read_beside_each_other_than_allowed(allowed: int) -> None:
    at_once, most = 0, 0
    guard = threading.Lock()

    class Counting:
        encoder = "shared"

        def analyse(self, text: str, *, previous: Any = None) -> str:
            nonlocal at_once, most
            with guard:
                at_once += 1
                most = max(most, at_once)
            threading.Event().wait(0.002)
            with guard:
                at_once -= 1
            return text

    model: Any = Counting()
    reader = ReadingTurns(model, at_once=allowed)
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(reader.analyse, map(str, range(12)))) == list(map(str, range(12)))
    assert most == allowed
    assert reader.encoder == "shared"
