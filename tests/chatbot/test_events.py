from __future__ import annotations

import pytest

from chatbot.events import Decided, Decision, Judgement, NudgeOffered, PlanRead, Undone


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (PlanRead("text", {}), "text"),
        (NudgeOffered("nudge-1", "modelling", "t"), "measure"),
        (Decided("nudge-1", Decision.USE), "decision"),
        (Undone("text", {}), "text"),
        (Judgement(0.5, "unsure"), "verdict"),
    ],
)
def test_what_happened_cannot_be_changed(event: object, field: str) -> None:
    with pytest.raises(AttributeError):
        setattr(event, field, "other")


def test_a_decision_has_the_names_of_the_interface() -> None:
    assert [str(decision) for decision in Decision] == ["use", "edit", "not_now", "not_relevant", "already_there"]


def test_no_insertion_is_minus_one() -> None:
    assert (Decided("n", Decision.NOT_NOW).start, Decided("n", Decision.NOT_NOW).end) == (-1, -1)
