from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.event_json import SCHEMA, dump_event, load_event
from chatbot.events import Decided, Decision, Event, Judgement, PlanRead, Said
from mtl_core.errors import ArtifactError

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
judgements = st.dictionaries(
    text,
    st.builds(
        Judgement,
        st.floats(0, 1),
        st.sampled_from(["present", "absent", "unsure"]),
        st.lists(st.tuples(text, st.integers(0, 999)), max_size=2).map(tuple),
    ),
    max_size=3,
)
st.register_type_strategy(Judgement, judgements)
events = st.one_of(
    *[
        st.builds(kind, **({"judgements": judgements} if "judgements" in kind.__dataclass_fields__ else {}))
        for kind in get_args(Event)
    ]
)


@given(events)
def test_every_event_comes_back_from_json(event: Event) -> None:
    dumped = dump_event(event)
    assert dumped["schema"] == SCHEMA
    assert load_event(json.loads(json.dumps(dumped))) == event


def test_kinds_are_names_in_snake_case() -> None:
    assert dump_event(PlanRead("text", {}))["kind"] == "plan_read"
    assert dump_event(Said("coach", "Hello.", "nudge")) == {
        "schema": 1,
        "kind": "said",
        "role": "coach",
        "text": "Hello.",
        "purpose": "nudge",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "schema"),
        ({"kind": "dreamt"}, "unknown kind"),
        ({"extra": 1}, "unknown field"),
        ({"decision": "perhaps"}, "cannot be read"),
        ({"nudge_id": 7}, "cannot be read"),
        ({"start": "0"}, "cannot be read"),
    ],
)
def test_what_is_no_event_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ArtifactError, match=said):
        load_event({**dump_event(Decided("n", Decision.USE)), **change})


def test_a_judgement_has_no_other_fields() -> None:
    dumped = dump_event(PlanRead("text", {"modelling": Judgement(0.5, "unsure")}))
    dumped["judgements"]["modelling"]["score"] = 3
    with pytest.raises(ArtifactError, match="score"):
        load_event(dumped)
