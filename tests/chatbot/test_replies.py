from __future__ import annotations

import re

import numpy as np
import pytest

from chatbot.nudges import Nudge, name_of
from chatbot.phrase_rules import read_phrases
from chatbot.replies import HELP, changes, explain, not_a_plan, nothing_left, searched, verified
from chatbot.state import CoachState
from chatbot.understanding import Intent
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rubric import MEASURES
from retrieval import SearchHit, TemplateLibrary

TEMPLATE = next(iter(TemplateLibrary.shipped().values()))
ABSENT = MeasureReading(0.1, "absent", ())


def present(quote: str, start: int = 0) -> MeasureReading:
    return MeasureReading(0.9, "present", (Evidence(quote, start, start + len(quote)),))


def analysis(**found: MeasureReading) -> Analysis:
    measures = {key: found.get(key, ABSENT) for key in MEASURES}
    none = np.zeros((0, 8), np.float32)
    return Analysis(
        words=9,
        language="en",
        is_lesson_plan=True,
        measures=measures,
        vector=np.zeros(8, np.float32),
        segments=(),
        segment_vectors=none,
        encoded=0,
    )


def test_a_repair_is_confirmed_with_a_quote_of_the_new_text() -> None:
    after = analysis(vocabulary=present("Pupils draw the word.", 50))
    said = verified("vocabulary", analysis(), after, added=(48, 90))
    assert (
        said == "The template is added, and I now find evidence for a key term that is taught: “Pupils draw the word.”"
    )
    mine = verified("vocabulary", analysis(), after, added=(48, 90), adapted=True)
    assert mine.startswith("Your version is in the plan, and I now find")


def test_evidence_elsewhere_is_not_claimed_for_the_new_text() -> None:
    after = analysis(vocabulary=present("Pupils draw the word.", 0))
    said = verified("vocabulary", analysis(), after, added=(21, 90))
    assert "in another place than the new text: “Pupils draw the word.”" in said


def test_an_unconfirmed_repair_is_said_plainly() -> None:
    for reading in (ABSENT, MeasureReading(0.5, "unsure", (Evidence("Pupils", 60, 66),))):
        said = verified("vocabulary", analysis(), analysis(vocabulary=reading), added=(50, 90))
        assert "made for a key term that is taught, though my reading does not show that yet" in said
        own = verified("vocabulary", analysis(), analysis(vocabulary=reading), added=(50, 90), adapted=True)
        assert "I still do not find clear evidence for a key term that is taught" in own
        for words in (said, own):
            assert "undo" in words
            assert "“" not in words


def test_what_dropped_is_named() -> None:
    before = analysis(modelling=present("The teacher draws."), differentiation=present("A word bank."))
    said = verified("vocabulary", before, analysis(vocabulary=present("Draw.", 50)), added=(50, 60))
    gone = "I no longer find clear evidence for modelling before pupils try, a concrete adaptation for learners"
    assert said.endswith(f"{gone}; undo takes the change back.")
    assert f"{gone}." in changes(before, analysis())


def test_a_version_without_a_change_of_profile_says_so() -> None:
    same = analysis(modelling=present("The teacher draws."))
    assert changes(same, same) == "I have read your version, and the profile is unchanged."


def test_what_a_version_gained_is_quoted() -> None:
    found = {key: present(f"Quote of {key}.") for key in list(MEASURES)[:5]}
    said = changes(analysis(), analysis(**found))
    assert said.count("“") == 2
    assert "“" not in changes(analysis(), analysis(**found), quotes=False)
    for key in list(MEASURES)[:2]:
        assert f"{name_of(key)}: “Quote of {key}.”" in said
    for key in list(MEASURES)[:5]:
        assert name_of(key) in said


@pytest.mark.parametrize(
    ("probability", "band"),
    [
        (0.0, "quite sure that it is missing"),
        (0.149, "quite sure that it is missing"),
        (0.15, "fairly sure that it is missing"),
        (0.35, "not sure"),
        (1.0, "not sure"),
    ],
)
def test_why_says_how_sure_what_was_considered_and_whose_template(probability: float, band: str) -> None:
    nudge = Nudge("n", "vocabulary", TEMPLATE, "message", "suggestion")
    quote = " ".join(["word"] * 40)
    said = explain(
        nudge, MeasureReading(probability, "unsure", (Evidence(quote, 0, len(quote)),)), place="at the end of the plan"
    )
    assert f"I am {band}." in said
    assert MEASURES["vocabulary"].definition in said
    assert f"“{' '.join(['word'] * 15)} …”" in said
    assert TEMPLATE.title in said
    assert TEMPLATE.licence in said
    assert said.endswith("would go in at the end of the plan.")
    assert "none found" in explain(nudge, MeasureReading(probability, "absent", ()), place="at the top of the plan")


def test_a_refusal_says_why() -> None:
    assert "“es”" in not_a_plan("es")
    assert "English only" in not_a_plan("es")
    assert "lesson plan" in not_a_plan("en")
    assert "English" not in not_a_plan("en")


def test_nothing_left_claims_everything_only_where_nothing_is_silent() -> None:
    assert "every measure" in nothing_left(CoachState())
    assert "every measure" not in nothing_left(CoachState(muted=frozenset({"modelling"})))


def test_a_search_lists_what_was_found() -> None:
    said = searched([SearchHit(TEMPLATE, 0.5)] * 2, lambda template: f"filled {template.id}")
    assert said == "From the templates:\n" + "\n".join(
        f"{row}. {TEMPLATE.title}: filled {TEMPLATE.id}" for row in (1, 2)
    )
    assert "no template" in searched([], lambda _: "")


def test_every_phrase_of_the_help_is_understood() -> None:
    phrases = re.findall(r"use it|edit: your version|not now|not relevant|why|undo|redo|idea|shorter|stop", HELP)
    assert len(phrases) == 10
    meant = {read_phrases(phrase).intent for phrase in phrases}
    assert Intent.SEARCH not in meant
    assert {Intent.ACCEPT, Intent.EDIT, Intent.NOT_NOW, Intent.NOT_RELEVANT} < meant
