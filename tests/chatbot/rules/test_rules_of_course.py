"""Rules of the course, each over random conversations."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rule_walk import ACTIONS, Action
from tests.chatbot.rules.conftest import Holds

plans = st.integers(0, 5)
conversations = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 999)), min_size=1, max_size=12)
few = settings(max_examples=25, deadline=None)


@few
@given(plan=plans, actions=conversations)
def test_rule_02_one_nudge_waits_at_most(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(2, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_06_exits_are_of_equal_effort(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(6, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_08_nudges_come_at_boundaries(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(8, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_09_it_asks_after_three_and_grows_quiet(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(9, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_10_what_was_dismissed_is_not_raised_again(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(10, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_11_pause_stop_and_mute_hold(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(11, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_17_gaps_are_ordered(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(17, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_22_a_digression_keeps_the_nudge(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(22, plan, actions)
