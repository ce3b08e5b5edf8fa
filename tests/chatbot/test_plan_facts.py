from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.plan_facts import PlanFacts, read_facts
from mtl_core.segments import segment_document
from retrieval import SUBJECTS

LEARNERS = {"pupils", "students", "learners", "children", "participants"}


def facts_of(text: str) -> PlanFacts:
    return read_facts(text, segment_document(text))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (
            "# Comparing fractions\n\nSubject: Mathematics\nYear 5, 28 pupils\n\n## Starter\n\nPupils compare bars.\n",
            PlanFacts("comparing fractions", 4, "Year 5", "mathematics", "pupils"),
        ),
        (
            (
                "Lesson Plan: Volcanoes and earthquakes\r\nGrade Level: 7\r\nSubject: Geography\r\n\r\n"
                "Students watch a model of volcanoes.\r\n"
            ),
            PlanFacts("volcanoes and earthquakes", 7, "Grade 7", "geography", "students"),
        ),
        (
            (
                "**Topic:** The Great Fire of London\n**Grade:** 2nd grade\n**Subject:** History\n\n"
                "Children act out how the fire spread.\n"
            ),
            PlanFacts("the Great Fire of London", 2, "2nd grade", "history", "children"),
        ),
        (
            (
                "| Topic | Food chains |\n| --- | --- |\n| Grade | 4 |\n| Subject | Science |\n\n"
                "Learners draw food chains and label them.\n"
            ),
            PlanFacts("food chains", 4, "Grade 4", "science", "learners"),
        ),
        (
            "LESSON TITLE: Loops in Scratch\nAge group: 9-10 year olds\nCourse: Computing\n\nStudents code loops.\n",
            PlanFacts("loops in Scratch", 4, "", "computing", "students"),
        ),
        (
            "# Lesson 3: Adding decimals\n\nFor year 6.\n\nWe line up the decimals before adding them.\n",
            PlanFacts("adding decimals", 5, "Year 6", None, "pupils"),
        ),
        (
            "Title: My family (French)\nAudience: Adults\n\nParticipants greet each other.\n",
            PlanFacts("my family", 13, "", None, "participants"),
        ),
        (
            "# Lesson plan\n\nThe class goes to the river and counts birds.\n",
            PlanFacts("", None, "", None, "pupils"),
        ),
        (
            "- Subject: Physical Education\n- Class: Kindergarten\n- Topic: Throwing a ball\n\nChildren take turns.\n",
            PlanFacts("throwing a ball", 0, "Kindergarten", "pe", "children"),
        ),
    ],
)
def test_facts_of_small_plans(text: str, facts: PlanFacts) -> None:
    found = facts_of(text)
    assert (found.grade, found.grade_phrase, found.subject, found.learners) == (
        facts.grade,
        facts.grade_phrase,
        facts.subject,
        facts.learners,
    )
    assert found.topic.lower() == facts.topic.lower()


@pytest.mark.parametrize(
    "title", ["Lesson plan", "Lesson 4", "Unit 2", "Overview", "Learning Objectives", "Untitled", "Week 3", "12.3"]
)
def test_a_title_that_names_nothing_gives_no_topic(title: str) -> None:
    assert facts_of(f"# {title}\n").topic == ""


@pytest.mark.parametrize(
    ("title", "topic"),
    [
        ("Lesson 3: Photosynthesis", "photosynthesis"),
        ("Unit 2: Light and shadow", "light and shadow"),
        ("Introduction to Ratios", "ratios"),
        ("Rivers (Year 4)", "rivers"),
        ("1. Magnets", "magnets"),
        ("Year 6: rivers", "rivers"),
        ("Grade 4 math - ratios", "ratios"),
        ("Science – Year 5 – Light and shadow", "light and shadow"),
        ("5th grade: photosynthesis", "photosynthesis"),
        ("Year 6 - Term 2: magnets", "magnets"),
        ("Rivers: light and shadow", "rivers: light and shadow"),
        ("Art-room magnets", "Art-room magnets"),
    ],
)
def test_a_title_is_freed_from_its_numbering(title: str, topic: str) -> None:
    text = f"# {title}\n\nThis is about photosynthesis, light, shadow, ratios, rivers and magnets.\n"
    assert facts_of(text).topic == topic


def test_names_keep_their_capitals_and_words_lose_them() -> None:
    text = "# The Rivers Of Brazil\n\nMany rivers meet here. Brazil is large.\n"
    assert facts_of(text).topic == "the rivers of Brazil"


def test_a_topic_of_more_than_twelve_words_is_left_open() -> None:
    text = f"# {' '.join(f'word{number}' for number in range(13))}\n"
    assert facts_of(text).topic == ""


def test_a_subject_is_only_taken_from_words_where_one_is_clear() -> None:
    assert facts_of("Fractions, fractions and fractions. Science once.").subject == "mathematics"
    assert facts_of("Fractions, fractions and poetry, poetry.").subject is None
    assert facts_of("Fractions once.").subject is None


def test_a_field_beats_the_words_around_it() -> None:
    assert facts_of("Subject: History\n\nFractions, fractions, fractions, fractions.").subject == "history"


words = st.sampled_from(
    ["Topic:", "Grade:", "Year", "7", "K-2", "#", "|", "Lesson 3:", "Subject", "science", "pupils", "\n", "\r\n", "**"]
)


@settings(deadline=None)
@given(st.lists(words | st.text(max_size=12), max_size=20).map(" ".join))
def test_any_text_gives_facts_that_fit_a_sentence(text: str) -> None:
    facts = facts_of(text)
    assert facts.grade is None or 0 <= facts.grade <= 13
    assert facts.subject is None or facts.subject in SUBJECTS
    assert facts.learners in LEARNERS
    assert len(facts.topic.split()) <= 12
    assert "\n" not in facts.topic
    assert facts.topic == facts.topic.strip()
    assert "\n" not in facts.grade_phrase


@settings(deadline=None)
@given(st.lists(words, max_size=20).map(" ".join))
def test_the_newline_style_makes_no_difference(text: str) -> None:
    plain = text.replace("\r\n", "\n")
    assert facts_of(plain.replace("\n", "\r\n")) == facts_of(plain)


@pytest.mark.parametrize("field", ["Grade: 7", "Grade Level: K", "Year: 4", "Topic: Rivers", "Subject: Music"])
def test_a_field_before_a_windows_newline_is_read_alike(field: str) -> None:
    plain = f"{field}\n\nThe class sings.\n"
    assert facts_of(plain.replace("\n", "\r\n")) == facts_of(plain)


def test_facts_are_never_guessed() -> None:
    facts = facts_of("The class sings.")
    assert (facts.grade, facts.grade_phrase, facts.subject, facts.learners) == (None, "", None, "pupils")


@pytest.mark.parametrize("mark", [".", "-", " ", "_", "# ", "lesson 1: ", "a "])
def test_a_long_line_is_read_in_time(mark: str) -> None:
    text = f"Plan x{mark * (4_000 // len(mark))}x y\n\nPupils write.\n"
    segments = segment_document(text)
    started = time.perf_counter()
    read_facts(text, segments)
    assert time.perf_counter() - started < 0.5
