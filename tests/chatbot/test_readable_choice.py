"""Rule 18: among good templates the one that reads easily enough for the grade; an unknown grade is asked once."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.choosing import choose_template
from chatbot.coach import LessonCoach
from chatbot.events import Judgement
from chatbot.plan_facts import PlanFacts
from chatbot.readability import reading_grade
from chatbot.replies import ASK_GRADE
from chatbot.state import CoachState
from mtl_core.rubric import MEASURES
from retrieval import SearchHit
from retrieval.templates import GradeBand, LessonTemplate

HARD = (
    "Individually differentiate terminological understanding through comparative morphological decomposition, "
    "systematically interrelating etymological constituents with corresponding disciplinary conceptualisations."
)
EASY = "Each pupil draws the word. Then pairs say what it means. They use it in a line."
MIDDLE = (
    "Every pupil writes the meaning of one important expression and compares it with the definition that a neighbour "
    "has written down before the class discusses what the two have in common."
)


def template(name: str, text: str) -> LessonTemplate:
    return LessonTemplate(
        id=name,
        title=f"The {name} one",
        summary="A task on a word.",
        text=f"{text} The topic is {{topic}}.",
        steps=("Begin.",),
        minutes=5,
        subjects=("any",),
        grades=GradeBand(lowest=0, highest=13),
        measures=("vocabulary",),
        placement="during",
        licence="CC0-1.0",
    )


@dataclass
class Found:
    """An index that finds the same templates in the same order whatever is asked."""

    hits: list[SearchHit]

    def __len__(self) -> int:
        return len(self.hits)

    def search(self, query: Any, *, k: int, where: Any) -> list[SearchHit]:
        return self.hits[:k]


def chosen(grade: int | None, *texts: tuple[str, str]) -> str:
    index: Any = Found([SearchHit(template(name, text), 0.9 - row / 10) for row, (name, text) in enumerate(texts)])
    state = CoachState(text="A plan.", judgements={key: Judgement(0.1, "absent") for key in MEASURES})
    analysis: Any = SimpleNamespace(vector=None)
    facts = PlanFacts("volcanoes", grade, "", "science", "pupils")
    found = choose_template("vocabulary", index=index, state=state, analysis=analysis, facts=facts)
    assert found is not None
    return found.id


def test_the_texts_of_this_test_are_as_hard_as_they_should_be() -> None:
    easy, middle, hard = (reading_grade(template("a", text).text) for text in (EASY, MIDDLE, HARD))
    assert easy < 9 < middle < 18 < hard


@pytest.mark.parametrize(
    ("grade", "name"), [(0, "easy"), (2, "easy"), (3, "easy"), (5, "middle"), (12, "middle"), (None, "hard")]
)
def test_a_template_that_is_too_hard_for_the_grade_is_passed_over(grade: int | None, name: str) -> None:
    assert chosen(grade, ("hard", HARD), ("middle", MIDDLE), ("easy", EASY)) == name


def test_where_all_are_too_hard_the_easiest_is_taken() -> None:
    assert chosen(1, ("hard", HARD), ("middle", MIDDLE)) == "middle"


def test_an_easy_one_that_ranks_first_stays() -> None:
    assert chosen(2, ("easy", EASY), ("middle", MIDDLE)) == "easy"


def test_an_unknown_grade_is_asked_once_and_then_decides(fast_parts: tuple[Any, Any]) -> None:
    coach = LessonCoach(*fast_parts)
    turn = coach.open("# Volcanoes\n\nThe class looks at pictures of volcanoes and talks about them.\n")
    asked = [said.text for said in turn.said].count(ASK_GRADE)
    assert coach.say("Year 3").state.grade == 2
    for _ in range(4):
        nudge = coach.pending
        turn = coach.decide(nudge.id, "use") if nudge is not None else coach.idea()
        asked += [said.text for said in turn.said].count(ASK_GRADE)
    assert asked == 1
