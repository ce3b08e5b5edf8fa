"""Rules of the speech, each over random conversations."""

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
def test_rule_01_true_praise_comes_first(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(1, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_03_it_is_short_before_the_suggestion(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(3, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_04_every_number_name_and_noun_has_a_source(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(4, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_05_no_word_commands_blames_or_scores(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(5, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_12_why_has_all_its_parts(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(12, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_13_it_asks_in_doubt(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(13, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_19_there_is_no_social_proof(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(19, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_20_nothing_is_ranked(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(20, plan, actions)
