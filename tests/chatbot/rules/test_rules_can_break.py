"""A coach that breaks a rule is caught by the check of that rule."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from benchmarks.rule_checks_more import CHECKS, breaches
from benchmarks.rule_walk import random_actions, walk
from benchmarks.rule_world import RuleWorld
from chatbot import accepting, choosing, conversation, deciding, nudges, replies, routing
from chatbot.events import Decision
from chatbot.insertion import Insertion, insert
from chatbot.readability import reading_grade
from chatbot.state import CoachState
from chatbot.understanding import Intent

Patch = pytest.MonkeyPatch


def _frames(*frames: str) -> Callable[[Patch], None]:
    def patch(monkeypatch: Patch) -> None:
        monkeypatch.setattr(nudges, "_FINDS", frames)

    return patch


def _praise(monkeypatch: Patch) -> None:
    monkeypatch.setattr(conversation, "compose_praise", lambda *_, **__: "Your plan shows all: “made up”.")


def _always(monkeypatch: Patch) -> None:
    monkeypatch.setattr(conversation, "may_offer", lambda state, *, asked: state.pending is None or asked)


def _restless(monkeypatch: Patch) -> None:
    monkeypatch.setattr(conversation, "may_offer", lambda state, *, asked: True)
    monkeypatch.setattr(
        conversation.Conversation, "answer", lambda talk, *words, digression: talk.offer(words[0], asked=True)
    )


def _other_event(monkeypatch: Patch) -> None:
    monkeypatch.setattr(routing, "_DECISIONS", {**routing._DECISIONS, Intent.ACCEPT: Decision.NOT_NOW})


def _rewrites(monkeypatch: Patch) -> None:
    def rewrite(text: str, addition: str, *, at: int) -> Insertion:
        change = insert(text, addition, at=at)
        return Insertion(change.text.replace("Pairs", "Groups").replace("the", "a"), change.start, change.end)

    monkeypatch.setattr(accepting, "insert", rewrite)


def _forgetful(monkeypatch: Patch) -> None:
    monkeypatch.setattr(CoachState, "silent", property(lambda _: frozenset()))


def _reply(name: str, text: str) -> Callable[[Patch], None]:
    def patch(monkeypatch: Patch) -> None:
        monkeypatch.setattr(replies, name, lambda *_, **__: text)

    return patch


def _tells(monkeypatch: Patch) -> None:
    monkeypatch.setattr(nudges, "_ASKS", nudges._FINDS[:1])
    monkeypatch.setattr(nudges, "_POINTS", nudges._FINDS[:1])


def _misquotes(monkeypatch: Patch) -> None:
    monkeypatch.setattr(deciding, "locate", lambda quote, text: "elsewhere")


def _flatters(monkeypatch: Patch) -> None:
    monkeypatch.setattr(accepting, "same_words", lambda one, other: False)


def _reversed(monkeypatch: Patch) -> None:
    ranked = conversation.ranked_gaps
    monkeypatch.setattr(conversation, "ranked_gaps", lambda *a, **k: ranked(*a, **k)[::-1])


def _hard(monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        choosing, "_readable", lambda templates, _: max(templates, key=lambda template: reading_grade(template.text))
    )


def _drops(monkeypatch: Patch) -> None:
    monkeypatch.setattr(conversation.Conversation, "answer", lambda talk, *words, digression: talk.turn(*words))


BROKEN: dict[int, Callable[[Patch], None]] = {
    1: _praise,
    2: _restless,
    3: _frames("word " * 70 + "{measure} {title}{minutes} help?"),
    4: _frames("Would {title}{minutes} help the 99 astronauts with {measure}?"),
    5: _frames("You must add {measure} with {title}{minutes}; would it help?"),
    6: _other_event,
    7: _rewrites,
    8: _restless,
    9: _always,
    10: _forgetful,
    11: _always,
    12: _reply("explain", "Because I am sure."),
    13: _tells,
    14: _misquotes,
    15: _reply("verified", "The template is added."),
    16: _flatters,
    17: _reversed,
    18: _hard,
    19: _reply("answered", "Thank you, most teachers do that."),
    20: _reply("answered", "Thank you, the total is 5/14."),
    21: _reply("farewell", "Bye.\nBye."),
    22: _drops,
}


def test_every_rule_has_a_check_and_a_way_to_break_it() -> None:
    assert list(CHECKS) == list(range(1, 23)) == sorted(BROKEN)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_found(rule: int, world: RuleWorld, monkeypatch: Patch) -> None:
    conversations = []
    for number in range(150):
        rng = random.Random(number)
        conversations.append((rng.randrange(1000), random_actions(rng)))
    BROKEN[rule](monkeypatch)
    for plan, actions in conversations:
        if any(True for _ in CHECKS[rule](walk(world, plan, actions))):
            return
    pytest.fail(f"no conversation breaks rule {rule}")


def test_a_sound_coach_breaks_nothing(world: RuleWorld) -> None:
    for number in range(40):
        rng = random.Random(f"sound {number}")
        assert breaches(walk(world, rng.randrange(1000), random_actions(rng))) == []
