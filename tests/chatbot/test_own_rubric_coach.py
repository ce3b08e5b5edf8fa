"""The coach with a school's own rubric: it praises and explains, and says plainly that it has no template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chatbot.coach import LessonCoach
from demo.highlight import render_plan
from demo.profile import render_profile
from mtl_core.errors import InputError
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rubric import MEASURES, Measure

OUTSIDE = Measure("outdoors", "Learning outside", "a part of the lesson happens outside", "", "", 2)
CALM = Measure("calm_start", "Calm start", "the first minutes are quiet", "a register", "", 1)


class OwnModel:
    """Reads the plans of another model by two measures of a school's own, each found where its word stands."""

    def __init__(self, model: Any, *extra: Measure) -> None:
        self._model, self.encoder = model, model.encoder
        self._rubric = {m.key: m for m in (OUTSIDE, CALM, *extra)}

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        read = self._model.analyse(text)
        words = {"outdoors": "meadow", "calm_start": "silence"}
        measures = {}
        for key in self._rubric:
            at = text.find(words[key]) if key in words else -1
            quotes = (Evidence(words[key], at, at + len(words[key])),) if at >= 0 else ()
            measures[key] = MeasureReading(0.9 if quotes else 0.1, "present" if quotes else "absent", quotes)
        return replace(read, measures=measures, rubric=self._rubric)


@pytest.fixture
def coach(fast_parts: tuple[Any, Any]) -> LessonCoach:
    model, index = fast_parts
    return LessonCoach(OwnModel(model), index)  # type: ignore[arg-type]


def test_it_praises_and_says_that_it_has_no_template(coach: LessonCoach, plan: str) -> None:
    turn = coach.open(plan + "\nPupils draw the meadow.\n")
    assert turn.praise is not None
    assert "“meadow" in turn.praise
    assert turn.nudge is None
    assert "I do not find clear evidence for Calm start, and I have no template for that" in turn.messages[-1]
    assert "every measure" not in " ".join(turn.messages)
    again = coach.idea()
    assert again.nudge is None
    assert "no template" in again.messages[-1]


def test_it_explains_and_mutes_its_own_measures(coach: LessonCoach, plan: str) -> None:
    coach.open(plan)
    said = coach.say("what is learning outside?").messages[0]
    assert said == "Learning outside. What counts: a part of the lesson happens outside."
    assert "Not enough by itself: a register." in coach.say("what does calm start mean?").messages[0]
    assert "calm start" in coach.mute("calm_start").messages[0]
    with pytest.raises(InputError, match="outdoors"):
        coach.mute("vocabulary")
    assert "Learning outside, and I have no template" in coach.idea().messages[-1]


def test_everything_found_is_said_to_be_found(coach: LessonCoach, plan: str) -> None:
    turn = coach.open(plan + "\nIn silence pupils walk to the meadow.\n")
    assert "every measure that I read" in turn.messages[-1]


def test_beside_our_measures_the_nudges_go_on(fast_parts: tuple[Any, Any], plan: str) -> None:
    model, index = fast_parts
    coach = LessonCoach(OwnModel(model, MEASURES["vocabulary"]), index)  # type: ignore[arg-type]
    turn = coach.open(plan)
    assert turn.nudge is not None
    assert turn.nudge.measure == "vocabulary"
    last = coach.decide(turn.nudge.id, "not_relevant")
    assert "Learning outside and Calm start, and I have no template" in last.messages[-1]


def test_the_page_shows_a_rubric_of_its_own(coach: LessonCoach, plan: str) -> None:
    turn = coach.open(plan + "\nPupils draw the meadow.\n")
    profile = render_profile(turn.analysis)
    assert profile.count("<details>") == 2
    assert "Learning outside" in profile
    assert '<sup class="ln-note">1<span class="ln-sr"> Learning outside</span></sup>' in render_plan(
        turn.text, turn.analysis
    )
