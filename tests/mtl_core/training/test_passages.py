"""Readings of plans passage by passage."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_passages
from mtl_core.training.dataset import UNKNOWN, segment_labels
from mtl_core.training.passages import PlanPassages, by_digest, text_digest

TEXT = "Pupils write a card. They swap. The bell rings. A noun is a naming word.\n"
STARTS = tuple(segment.start for segment in segment_document(TEXT))
FIRST, SECOND = "exit_assessment", "vocabulary"


def reading(**lists: dict[str, tuple[int, ...]]) -> PlanPassages:
    return PlanPassages(plan="p", digest=text_digest(TEXT), **{"shows": {}, **lists})


def a_plan(passages: PlanPassages | None, **quotes: str) -> LabelledPlan:
    present = {key: key in quotes for key in MEASURES}
    found = {key: (quotes[key],) if key in quotes else () for key in MEASURES}
    return LabelledPlan("p", "g", TEXT, tuple(segment_document(TEXT)), present, found, passages)


def column(plan: LabelledPlan, key: str) -> list[int]:
    return segment_labels(plan, (key,))[:, 0].tolist()


def test_passages_that_show_it_count_and_all_others_do_not() -> None:
    read = reading(shows={FIRST: (STARTS[0],)}, part={FIRST: (STARTS[1],)})
    assert column(a_plan(read, **{FIRST: "Pupils write a card."}), FIRST) == [1, UNKNOWN, 0, 0]
    assert column(a_plan(None, **{FIRST: "Pupils write a card."}), FIRST) == [1, UNKNOWN, UNKNOWN, UNKNOWN]


def test_what_was_quoted_counts_whatever_the_reading_says() -> None:
    read = reading(shows={FIRST: (STARTS[0],)}, part={FIRST: (STARTS[1],)})
    assert column(a_plan(read, **{FIRST: "They swap."}), FIRST) == [1, 1, 0, 0]


def test_where_the_readings_differ_nothing_is_known() -> None:
    read = reading(shows={FIRST: (STARTS[0],)}, part={FIRST: (STARTS[1],)})
    assert column(a_plan(read), FIRST) == [UNKNOWN, UNKNOWN, 0, 0]
    assert column(a_plan(read, **{SECOND: "A noun is a naming word."}), SECOND) == [UNKNOWN, UNKNOWN, UNKNOWN, 1]


@given(st.sets(st.sampled_from(STARTS)), st.sets(st.sampled_from(STARTS)), st.booleans())
def test_a_passage_outside_both_lists_never_counts(shows: set[int], part: set[int], present: bool) -> None:
    read = reading(shows={FIRST: tuple(shows)}, part={FIRST: tuple(part - shows)})
    plan = a_plan(read, **({FIRST: "They swap."} if present else {}))
    labels = np.asarray(column(plan, FIRST))
    others = [row for row, start in enumerate(STARTS) if start not in shows | part and (row != 1 or not present)]
    assert not (labels[others] == 1).any()
    assert present or not (labels == 1).any()


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"shows": {"charm": (0,)}}, "no measure 'charm'"),
        ({"shows": {FIRST: (0,)}, "part": {FIRST: (0, 4)}}, "both shows exit_assessment and is part"),
        ({"shows": {FIRST: (0,)}, "best": {FIRST: (4,)}}, "best passage of exit_assessment does not show it"),
        ({"digest": "abc", "shows": {}}, "digest"),
        ({"shows": {}, "text": "a sentence"}, "text"),
    ],
)
def test_a_reading_that_cannot_be_right_is_refused(fields: dict[str, object], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        PlanPassages.model_validate({"plan": "p", "digest": "0" * 16, **fields})


def test_a_plan_is_known_by_its_text() -> None:
    assert text_digest("é\n") == hashlib.sha256("é\n".encode()).hexdigest()[:16]
    first, second = (PlanPassages(plan=name, digest="0" * 16, shows={}) for name in "ab")
    assert by_digest([first, second]) == {"0" * 16: second}


def test_the_readings_that_are_shipped_hold_places_of_segments() -> None:
    known = load_passages()
    assert len(known) >= 117
    plans = [plan for plan in load_corpus().plans if plan.passages is not None]
    for plan in plans:
        starts = {segment.start for segment in plan.segments}
        assert plan.passages is not None
        for key in MEASURES:
            shown, part = plan.passages.shows.get(key, ()), plan.passages.part.get(key, ())
            assert starts.issuperset((*shown, *part))
            assert bool(shown) == plan.present[key], (plan.id, key)
