from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval import parse_grade
from retrieval.grades import ADULT, YOUNGEST


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("K", 0),
        (" k ", 0),
        ("**K**", 0),
        ("kindergarten", 0),
        ("Reception", 0),
        ("Pre-K", 0),
        ("preschool", 0),
        ("EYFS", 0),
        ("Early Years", 0),
        ("7", 7),
        ('"7"', 7),
        ("0", 0),
        ("13", 13),
        ("99", 13),
        ("Grade 7", 7),
        ("grade 10", 10),
        ("GRADE 1", 1),
        ("Gr. 4", 4),
        ("Grades 3-5", 4),
        ("Grades 3–5", 4),
        ("Grades 6 to 8", 7),
        ("Grades 6 and 8", 7),
        ("Grade 4/6", 5),
        ("Grade 99", 13),
        ("5th grade", 5),
        ("1st Grade", 1),
        ("2nd grade", 2),
        ("3rd-grade class", 3),
        ("11th grade", 11),
        ("Year 4", 3),
        ("year 1", 0),
        ("Y6", 5),
        ("Yr 9", 8),
        ("Year 13", 12),
        ("Years 3 and 5", 3),
        ("Year 5, 28 pupils", 4),
        ("ages 9-10", 4),
        ("aged 11", 6),
        ("Age 5", 0),
        ("10 year olds", 5),
        ("9-11 year olds", 5),
        ("13-year-olds", 8),
        ("3 year old", 0),
        ("KS1", 1),
        ("KS2", 4),
        ("Key Stage 3", 7),
        ("ks 4", 10),
        ("GCSE", 10),
        ("A-level", 12),
        ("Sixth Form", 12),
        ("elementary", 3),
        ("Primary school", 3),
        ("middle school", 7),
        ("High School", 10),
        ("upper secondary", 10),
        ("university", 13),
        ("Adult learners", 13),
        ("undergraduates", 13),
        ("Grade 3 (elementary)", 3),
    ],
)
def test_spellings_of_a_grade(text: str, grade: int) -> None:
    assert parse_grade(text) == grade


@pytest.mark.parametrize("text", ["Grade K", "Grades K-2", "K-2", "K–5"])
def test_kindergarten_ranges_are_read(text: str) -> None:
    grade = parse_grade(text)
    assert grade is not None
    assert 0 <= grade <= 3


@pytest.mark.parametrize(
    "text", ["", "   ", "the whole school", "upgrade 3000", "Year 2024", "123", "7.5.2024", "gradeless", "-1", "key"]
)
def test_what_is_no_grade_is_none(text: str) -> None:
    assert parse_grade(text) is None


@given(st.text(max_size=60))
@example("٣")
@example("Grade ٣-٤")
@example("²")
@example("years 00-00")
@example("ages 0")
def test_any_text_gives_none_or_a_grade(text: str) -> None:
    grade = parse_grade(text)
    assert grade is None or YOUNGEST <= grade <= ADULT


@given(st.integers(0, 99))
def test_a_british_year_is_one_more_than_the_grade(number: int) -> None:
    assert parse_grade(f"Year {number}") == min(max(number - 1, 0), 13)
    assert parse_grade(f"Grade {number}") == min(number, 13)


@given(st.integers(0, 13), st.integers(0, 13))
def test_a_range_gives_a_grade_inside_it(first: int, second: int) -> None:
    low, high = sorted((first, second))
    grade = parse_grade(f"Grades {low}-{high}")
    assert grade is not None
    assert low <= grade <= high
