from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.nudges import compose_nudge, compose_praise, fill, name_of, shorten
from chatbot.plan_facts import PlanFacts
from mtl_core.rubric import MEASURES
from retrieval import LessonTemplate, TemplateLibrary

SHIPPED = tuple(TemplateLibrary.shipped().values())
BANNED = re.compile(r"\b(?:must|should|fail(?:s|ed|ure)?|wrong|scores?)\b", re.IGNORECASE)
FACTS = (
    PlanFacts("comparing fractions", 4, "Year 5", "mathematics", "pupils"),
    PlanFacts("", None, "", None, "students"),
    PlanFacts("the Great Fire of London", 2, "2nd grade", "history", "children"),
    PlanFacts("loops", 7, "", "computing", "learners"),
    PlanFacts("first aid", 13, "", None, "participants"),
)
VALID: dict[str, Any] = {
    "id": "quick-quiz",
    "title": "Quick quiz",
    "summary": "Pupils answer.",
    "text": "Each pupil answers on {topic}.",
    "steps": ["Ask."],
    "minutes": 5,
    "subjects": ["any"],
    "grades": {"from": 0, "to": 13},
    "measures": ["exit_assessment"],
    "placement": "end",
    "licence": "CC0",
}


def made(**fields: object) -> LessonTemplate:
    return LessonTemplate.model_validate(VALID | fields)


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.learners)
def test_filled_texts_are_clean(facts: PlanFacts) -> None:
    for template in SHIPPED:
        text = fill(template.text, template=template, facts=facts)
        assert not re.search(r"[{}]", text), template.id
        assert "  " not in text, template.id
        assert not re.search(r"\s[,.;:?!)]|\(\s|\(\)", text), f"{template.id}: {text}"
        assert text == text.strip(), template.id
        assert (facts.topic or "today's topic") in text, template.id
        assert template.minutes == 0 or "{minutes}" not in template.text or str(template.minutes) in text


@pytest.mark.parametrize("facts", [facts for facts in FACTS if facts.learners != "pupils"], ids=lambda f: f.learners)
def test_the_plans_own_word_for_learners_is_used(facts: PlanFacts) -> None:
    said = 0
    for template in SHIPPED:
        text = fill(template.text, template=template, facts=facts)
        assert not re.search(r"\bpupils?\b", text, re.IGNORECASE), template.id
        said += len(re.findall(rf"\b{facts.learners}\b", text, re.IGNORECASE))
    assert said > len(SHIPPED) / 2


@pytest.mark.parametrize(
    ("learners", "text"),
    [
        ("pupils", "Pupils help each pupil. The pupils of a Pupil."),
        ("students", "Students help each student. The students of a Student."),
        ("children", "Children help each child. The children of a Child."),
        ("learners", "Learners help each learner. The learners of a Learner."),
        ("participants", "Participants help each participant. The participants of a Participant."),
    ],
)
def test_learners_are_named_in_both_numbers(learners: str, text: str) -> None:
    facts = PlanFacts("x", None, "", None, learners)
    pattern = "Pupils help each pupil. The pupils of a Pupil."
    assert fill(pattern, template=made(), facts=facts) == text


@pytest.mark.parametrize("words", [0, 13])
def test_an_unknown_or_long_topic_becomes_todays_topic(words: int) -> None:
    facts = PlanFacts(" ".join(["word"] * words), None, "", None, "pupils")
    assert fill("On {topic}.", template=made(), facts=facts) == "On today's topic."
    twelve = PlanFacts(" ".join(["word"] * 12), None, "", None, "pupils")
    assert fill("On {topic}.", template=made(), facts=twelve) == f"On {twelve.topic}."


def test_a_topic_in_braces_and_with_backslashes_is_text() -> None:
    facts = PlanFacts(r"sets {minutes} \1 \g<0> pupils", None, "", None, "students")
    assert fill("On {topic} in {minutes} min.", template=made(), facts=facts) == f"On {facts.topic} in 5 min."


def sentences(message: str) -> list[str]:
    outside = re.sub(r"“[^”]*”", "“X”", message)
    return [part for part in re.split(r"(?<=[.?!])\s+", outside) if part]


@pytest.mark.parametrize("unsure", [False, True])
def test_messages_are_short_and_kind(unsure: bool) -> None:
    found = []
    for template, facts in product(SHIPPED, FACTS):
        for measure in template.measures:
            nudge = compose_nudge(nudge_id="n", measure=measure, template=template, facts=facts, unsure=unsure)
            assert len(nudge.message.split()) <= 60, nudge.message
            assert len(sentences(nudge.message)) == 1, nudge.message
            assert nudge.message.endswith("?")
            assert name_of(measure) in nudge.message
            assert not (unsure and "not find" in nudge.message)
            assert not re.search(r"[{}]|  |\b1 minutes", nudge.message), nudge.message
            found += BANNED.findall(nudge.message)[:1] and [template.id]
    assert sorted(set(found)) == [], "titles with a word that a nudge does not say"


def test_a_template_without_minutes_names_none() -> None:
    with_minutes = compose_nudge(nudge_id="n", measure="modelling", template=made(), facts=FACTS[0])
    without = compose_nudge(nudge_id="n", measure="modelling", template=made(minutes=0), facts=FACTS[0])
    assert "(5 minutes)" in with_minutes.message
    assert "minutes" not in without.message


def test_one_minute_is_not_called_minutes() -> None:
    nudge = compose_nudge(nudge_id="n", measure="modelling", template=made(minutes=1), facts=FACTS[0])
    assert "1 minutes" not in nudge.message


def test_a_title_with_a_slot_is_filled() -> None:
    nudge = compose_nudge(nudge_id="n", measure="modelling", template=made(title="Quiz on {topic}"), facts=FACTS[0])
    assert "{" not in nudge.message + nudge.suggestion


@pytest.mark.parametrize("template", SHIPPED, ids=lambda template: template.id)
def test_a_suggestion_begins_with_its_title_as_a_label(template: LessonTemplate) -> None:
    nudge = compose_nudge(nudge_id="n-7", measure=template.measures[0], template=template, facts=FACTS[0])
    assert (nudge.id, nudge.measure, nudge.template) == ("n-7", template.measures[0], template)
    first, rest = nudge.suggestion.removeprefix("**").split("** ", 1)
    assert first == template.title.rstrip(".?!") + ":"
    assert rest == fill(template.text, template=template, facts=FACTS[0])


@given(st.text(max_size=200), st.integers(1, 30))
def test_a_shortened_quote_is_its_beginning(quote: str, words: int) -> None:
    kept = shorten(quote, words=words)
    assert quote.startswith(kept)
    assert len(kept.split()) <= words or kept == quote
    assert len(re.findall(r"\S+", kept)) == min(words, len(re.findall(r"\S+", quote)))
    assert shorten(kept, words=words) == kept


@given(st.sampled_from(list(MEASURES)), st.lists(st.sampled_from(["one", "two,", "(three)"]), min_size=1, max_size=60))
def test_praise_quotes_the_plan(measure: str, words: list[str]) -> None:
    quote = "  \n".join(words)
    praise = compose_praise(measure, quote)
    said = re.search(r"“(.+?)( …)?”[.]$", praise, re.DOTALL)
    assert said is not None
    assert name_of(measure) in praise
    assert quote.startswith(said[1])
    assert (said[2] is not None) is (len(words) > 22)
    assert not BANNED.search(praise)


def test_wordings_vary_with_the_seed_and_are_the_same_for_the_same() -> None:
    said = [compose_praise("modelling", "Q", seed=str(seed)) for seed in range(40)]
    assert said == [compose_praise("modelling", "Q", seed=str(seed)) for seed in range(40)]
    assert len(set(said)) == 4


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        ("measurable_objective", "a measurable objective"),
        ("check_for_understanding", "a check for understanding during the lesson"),
        ("exit_assessment", "an exit assessment"),
        ("modelling", "modelling before pupils try"),
        ("success_criteria", "success criteria"),
        ("pacing_and_materials", "durations and materials"),
    ],
)
def test_measures_are_named_inside_a_sentence(measure: str, name: str) -> None:
    assert f" {name}" in compose_praise(measure, "Q")
