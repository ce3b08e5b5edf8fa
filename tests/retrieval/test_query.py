from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.query import Facts, Understanding, facts_of, understand

BANDS = st.none() | st.tuples(st.integers(0, 13), st.integers(0, 13)).map(lambda pair: (min(pair), max(pair)))
SUBJECTS = st.frozensets(st.sampled_from(["science", "biology", "history", "english"]))
UNDERSTANDINGS = st.builds(Understanding, subjects=SUBJECTS, grades=BANDS, minutes=st.none() | st.integers(1, 90))
FACTS = st.builds(Facts, subjects=SUBJECTS, grades=BANDS, minutes=st.none() | st.integers(1, 90))


@pytest.mark.parametrize(
    ("query", "subjects", "grades", "minutes", "topic"),
    [
        ("yr 4 sci rivers 20 mins", {"science"}, (3, 3), 20, "sci rivers"),
        ("ks2 maths", {"mathematics"}, (2, 5), None, "maths"),
        ("rivers under 15 minutes", set(), None, 15, "rivers"),
        ("French verbs, grade 7", {"languages", "french"}, (7, 7), None, "French verbs,"),
        ("five minute quiz", set(), None, None, "five minute quiz"),
        ("fractions", set(), None, None, "fractions"),
        # nothing else would be left to search for
        ("year 5", set(), (4, 4), None, "year 5"),
    ],
)
def test_what_a_query_names(query: str, subjects: set[str], grades: Any, minutes: int | None, topic: str) -> None:
    found = understand(query)
    assert (found.subjects, found.grades, found.minutes) == (subjects, grades, minutes)
    assert found.topic(query) == topic
    assert bool(found) == (bool(subjects) or grades is not None or minutes is not None)


@given(st.text(max_size=80))
def test_any_text_can_be_read(query: str) -> None:
    found = understand(query)
    assert all(0 <= start < end <= len(query) for start, end in found.spans)
    assert found.topic(query).strip() or not query.strip()


@given(UNDERSTANDINGS, FACTS)
def test_fit_is_a_share_and_a_full_fit_is_admitted(understanding: Understanding, facts: Facts) -> None:
    fit = understanding.fit(facts)
    assert 0 <= fit <= 1
    if fit == 1:
        assert understanding.admits(facts)
    # what a document does not state shuts it out of nothing
    assert understanding.admits(Facts())


@given(UNDERSTANDINGS)
def test_what_a_query_names_fits_itself(understanding: Understanding) -> None:
    facts = Facts(understanding.subjects, understanding.grades, understanding.minutes)
    assert understanding.fit(facts) == (1 if understanding else 0)


@given(st.tuples(st.integers(0, 13), st.integers(0, 13)))
def test_a_grade_further_away_never_fits_better(grades: tuple[int, int]) -> None:
    wanted, start = Understanding(grades=(grades[0], grades[0])), grades[1]
    step = 1 if start >= grades[0] else -1
    near, far = (wanted.fit(Facts(grades=(one, one))) for one in (start, start + step))
    assert far <= near


@pytest.mark.parametrize(
    ("metadata", "facts"),
    [
        ({"subjects": ["science", "history"]}, Facts(frozenset({"science", "history"}))),
        ({"subject": "combined-science"}, Facts(frozenset({"science"}))),
        ({"key_stages": ["KS2"]}, Facts(grades=(2, 5))),
        ({"grades": {"from": 4, "to": 2}}, Facts(grades=(2, 4))),
        ({"year": 5}, Facts(grades=(4, 4))),
        ({"years": ["5", "6"]}, Facts(grades=(4, 5))),
        ({"minutes": 20}, Facts(minutes=20)),
        ({"minutes": True, "grade": False}, Facts()),
        ({"minutes": "long", "subjects": [3, None], "grade": {"from": "a"}}, Facts()),
        ({}, Facts()),
    ],
)
def test_what_metadata_says(metadata: dict[str, Any], facts: Facts) -> None:
    assert facts_of(metadata) == facts
