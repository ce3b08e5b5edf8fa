from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.events import Judgement, NudgeOffered
from chatbot.measure_rules import RULES
from chatbot.policy import MeasureRule, may_offer, praised_measure, ranked_gaps
from chatbot.state import CoachState
from mtl_core.rubric import MEASURES

KEYS = tuple(MEASURES)
judgement = st.builds(Judgement, st.floats(0, 1), st.sampled_from(["present", "absent", "unsure"]))
readings = st.dictionaries(st.sampled_from(KEYS), judgement, max_size=14)
silences = st.frozensets(st.sampled_from(KEYS))


def gaps_of(*keys: str, probability: float = 0.1) -> dict[str, Judgement]:
    return dict.fromkeys(keys, Judgement(probability, "absent"))


def test_the_rules_are_those_of_the_rubric() -> None:
    assert tuple(RULES) == KEYS
    assert all(RULES[key].value == MEASURES[key].value and RULES[key].needs == MEASURES[key].needs for key in KEYS)


@given(readings, silences)
def test_the_ranked_gaps_are_the_open_gaps_that_may_be_raised(
    reading: dict[str, Judgement], silent: frozenset[str]
) -> None:
    ranked = ranked_gaps(reading, RULES, silent=silent)
    assert len(set(ranked)) == len(ranked)
    assert set(ranked) == {key for key, read in reading.items() if read.verdict != "present" and key not in silent}


@given(readings, silences)
def test_a_blocked_gap_never_comes_before_an_unblocked_one(
    reading: dict[str, Judgement], silent: frozenset[str]
) -> None:
    ranked = ranked_gaps(reading, RULES, silent=silent)
    blocked = [bool(RULES[key].needs) and set(RULES[key].needs) <= set(ranked) for key in ranked]
    assert blocked == sorted(blocked)


@given(readings, silences)
def test_worth_falls_within_the_blocked_and_the_unblocked(
    reading: dict[str, Judgement], silent: frozenset[str]
) -> None:
    ranked = ranked_gaps(reading, RULES, silent=silent)
    for group in (True, False):
        worth = [
            RULES[key].value * (1 - reading[key].probability) * (1 - 0.2 * (RULES[key].effort - 1))
            for key in ranked
            if (bool(RULES[key].needs) and set(RULES[key].needs) <= set(ranked)) is group
        ]
        assert worth == sorted(worth, reverse=True)


@given(readings, silences, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_the_reading(
    reading: dict[str, Judgement], silent: frozenset[str], random: object
) -> None:
    shuffled = list(reading.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked_gaps(dict(shuffled), RULES, silent=silent) == ranked_gaps(reading, RULES, silent=silent)


def test_an_objective_comes_before_criteria_and_exit() -> None:
    found = gaps_of("success_criteria", "exit_assessment", probability=0.0) | gaps_of(
        "measurable_objective", "vocabulary", probability=0.4
    )
    assert ranked_gaps(found, RULES) == ["measurable_objective", "vocabulary", "exit_assessment", "success_criteria"]


def test_one_of_two_prerequisites_is_enough() -> None:
    rules = {"check": MeasureRule(1), "exit": MeasureRule(1), "feedback": MeasureRule(3, ("check", "exit"))}
    both = gaps_of("check", "exit", "feedback")
    assert ranked_gaps(both, rules)[-1] == "feedback"
    assert ranked_gaps(both | {"exit": Judgement(0.9, "present")}, rules)[0] == "feedback"
    assert ranked_gaps(both, rules, silent=frozenset({"exit"}))[0] == "feedback"


def test_equal_worth_keeps_the_order_of_the_rubric() -> None:
    rules = {name: MeasureRule(2) for name in ("b", "a", "c")}
    assert ranked_gaps(gaps_of("a", "b", "c"), rules) == ["b", "a", "c"]


def test_an_unsure_measure_is_a_gap() -> None:
    assert ranked_gaps({"vocabulary": Judgement(0.5, "unsure")}, RULES) == ["vocabulary"]


@pytest.mark.parametrize("where", ["dismissed", "addressed", "muted"])
def test_no_kind_of_silence_is_broken(where: str) -> None:
    state = CoachState(judgements=gaps_of("modelling"), **{where: frozenset({"modelling"})})
    assert ranked_gaps(state.judgements, RULES, silent=state.silent) == []


@given(st.integers(0, 30), st.integers(0, 5))
def test_without_being_asked_it_pauses_and_grows_quiet(offered: int, in_a_row: int) -> None:
    state = CoachState(offered_in_a_row=offered, dismissals_in_a_row=in_a_row)
    assert may_offer(state, asked=True)
    assert may_offer(state, asked=False) is (offered < 3 and in_a_row < 2)


@pytest.mark.parametrize("wish", ["paused", "stopped"])
def test_a_wish_for_quiet_holds_until_an_idea_is_asked_for(wish: str) -> None:
    state = CoachState(**{wish: True})
    assert not may_offer(state, asked=False)
    assert may_offer(state, asked=True)


@given(st.booleans(), st.integers(0, 9))
def test_never_a_second_nudge_beside_a_pending_one(asked: bool, offered: int) -> None:
    state = CoachState(pending=NudgeOffered("n", "modelling", "t"), offered=offered)
    assert not may_offer(state, asked=asked)


def quoted(probability: float, verdict: str = "present") -> Judgement:
    return Judgement(probability, verdict, (("A quote.", 0),))


def test_praise_is_for_the_surest_of_the_highest_value() -> None:
    reading = {
        "vocabulary": quoted(0.99),
        "modelling": quoted(0.8),
        "measurable_objective": quoted(0.9),
        "exit_assessment": Judgement(0.99, "present"),
        "check_for_understanding": quoted(0.99, "unsure"),
    }
    assert praised_measure(reading, RULES) == "measurable_objective"


@given(st.dictionaries(st.sampled_from(KEYS), judgement | st.builds(quoted, st.floats(0, 1))))
def test_praise_always_has_a_quote(reading: dict[str, Judgement]) -> None:
    measure = praised_measure(reading, RULES)
    worthy = [key for key, read in reading.items() if read.verdict == "present" and read.quotes]
    assert (measure in worthy) if worthy else measure is None
    if measure is not None:
        assert RULES[measure].value == max(RULES[key].value for key in worthy)
