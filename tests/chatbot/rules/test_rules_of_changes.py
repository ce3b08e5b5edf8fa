"""Rules of the changes, each over random conversations."""

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
def test_rule_07_the_text_changes_on_an_accept_only(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(7, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_14_the_teachers_word_counts(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(14, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_15_what_is_found_is_quoted(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(15, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_16_a_template_as_it_is_counts_as_added(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(16, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_18_a_suggestion_fits_the_grade(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(18, plan, actions)


@few
@given(plan=plans, actions=conversations)
def test_rule_21_it_ends_well(holds: Holds, plan: int, actions: list[Action]) -> None:
    holds(21, plan, actions)
