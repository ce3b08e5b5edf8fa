"""The hand-written patterns: every file is well formed, they match what they are for, and training weighs them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest

from mtl_core.errors import InputError
from mtl_core.patterns import MAX_CHARACTERS, PatternMatcher, PatternRow, expanded
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.corpus import LabelledPlan
from mtl_core.training.dataset import segment_labels
from mtl_core.training.patterns import PATTERNS, PatternData, Patterns, fit_patterns, load_patterns, pattern_data

KEYS = tuple(MEASURES)
SHOWN = {
    "exit_assessment": "Before they leave, each student answers two questions on an exit ticket and hands it in.",
    "misconceptions": "Some students may think that heavier objects fall faster; drop two balls to show they do not.",
    "structured_participation": "Think-pair-share: one minute alone, then tell your partner.",
    "differentiation": "Provide sentence starters and a word bank for English learners.",
    "modelling": "The teacher models how to add fractions on the board, thinking aloud.",
}
# what a search could take long over: many near matches and no match
LONG = ("students will ", "explain the answer to a partner, then write ", "a", "1 ", "the (", "- ", "if they ", '"')


@pytest.fixture(scope="module")
def patterns() -> Patterns:
    return load_patterns()


def of(patterns: Patterns, measure: str) -> list[PatternRow]:
    column = KEYS.index(measure)
    return [row for row, own in zip(patterns.rows, patterns.measures, strict=True) if own == column]


@pytest.mark.parametrize("measure", KEYS)
def test_every_measure_has_patterns_for_and_against_it(patterns: Patterns, measure: str) -> None:
    rows = of(patterns, measure)
    assert len(rows) >= 20
    assert any(row.against for row in rows)
    assert sum(row.shows for row in rows) > len(rows) / 2


def test_there_is_no_other_file() -> None:
    assert {path.name for path in PATTERNS.iterdir()} == {"words.yaml", *(f"{key}.yaml" for key in KEYS)}


@pytest.mark.parametrize(("measure", "text"), SHOWN.items())
def test_what_shows_a_measure_is_matched(patterns: Patterns, measure: str, text: str) -> None:
    matches, _ = patterns.matcher().matches(segment_document(f"Read page 3.\n\n{text}\n"))
    found = {(at, KEYS[patterns.measures[number]]) for number, at in matches if not patterns.rows[number].against}
    assert (1, measure) in found
    assert all(at == 1 for at, _ in found)


def test_no_text_makes_a_search_long(patterns: Patterns) -> None:
    for row, number in zip(patterns.rows, patterns.lists, strict=True):
        for pattern in filter(None, (row.text, row.heading, row.unless, row.then)):
            search = re.compile(expanded(pattern, patterns.words[number]), re.IGNORECASE).search
            for piece in LONG:
                start = time.process_time()
                search((piece * MAX_CHARACTERS)[:MAX_CHARACTERS])
                assert time.process_time() - start < 1, (row.name, piece)


def plan_of(number: int, *, shown: bool) -> LabelledPlan:
    text = "Read page 3. Hand in a ticket." if shown else "Read page 3. Hand in nothing."
    quotes = dict.fromkeys(KEYS, ("Hand in a ticket.",) if shown else ())
    return LabelledPlan(
        f"p{number}", f"g{number % 3}", text, tuple(segment_document(text)), dict.fromkeys(KEYS, shown), quotes
    )


@pytest.fixture(scope="module")
def small() -> PatternData:
    rows = (
        PatternRow(name="ticket", text="a <ticket>"),
        PatternRow(name="hand", text="hand in"),
        PatternRow(name="never", text="zebra"),
        PatternRow(name="other measure", text="ticket"),
    )
    words = [{"ticket": "(?:ticket|slip)"}]
    given = Patterns.of(rows, measures=(0, 0, 0, 1), lists=(0, 0, 0, 0), words=words)
    plans = [plan_of(number, shown=number % 2 == 0) for number in range(12)]
    labels = np.concatenate([segment_labels(plan, KEYS) for plan in plans])
    return pattern_data(given, plans, labels, heavy=frozenset({"g0"}))


def test_matches_are_rows_of_segments(small: PatternData) -> None:
    assert small.matches.shape == (24, 4)
    assert small.matches.toarray()[:4].tolist() == [[0, 0, 0, 0], [1, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]]
    assert small.patterns.prefilter.atoms == ("a slip", "a ticket", "hand in", "ticket", "zebra")
    assert small.labels[:4, 0].tolist() == [0, 1, 0, 0]


def test_the_prefilter_leaves_out_no_match(patterns: Patterns) -> None:
    text = "\n\n".join([*SHOWN.values(), "Ask: what is 3 + 4? (Answer: 7)", "| 10 min | Pupils sort the cards |"])
    plan = LabelledPlan(
        "x", "g", text, tuple(segment_document(text)), dict.fromkeys(KEYS, False), dict.fromkeys(KEYS, ())
    )
    data = pattern_data(patterns, [plan], segment_labels(plan, KEYS), heavy=frozenset())
    lists = [patterns.words[number] for number in patterns.lists]
    everywhere, _ = PatternMatcher(patterns.rows, lists).matches(plan.segments)
    assert sorted(zip(*data.matches.T.nonzero(), strict=True)) == everywhere


def test_a_pattern_that_tells_more_weighs_more(small: PatternData) -> None:
    weights = {one.row.name: one.weight for one in fit_patterns(small).patterns}
    assert weights["ticket"] > weights["hand"] > 0
    assert weights["never"] == 0


def test_fitting_is_the_same_each_time_and_leaves_groups_out(small: PatternData) -> None:
    assert fit_patterns(small).to_json() == fit_patterns(small).to_json()
    assert fit_patterns(small, held=frozenset({"g0"})).to_json() != fit_patterns(small).to_json()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("measure: modelling\npatterns: []\n", "patterns: Tuple should have"),
        ("measure: [", "no YAML"),
        ("measure: vocabulary\npatterns:\n- {name: a, text: b}\n", "another measure"),
        ("measure: modelling\npatterns:\n- {name: a, text: b}\n- {name: a, text: c}\n", "twice"),
        ("measure: modelling\npatterns:\n- {name: a, text: '('}\n", "cannot be compiled"),
        ("measure: modelling\npatterns:\n- {name: a, text: '<b>'}\n", "cannot be compiled"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "words.yaml").write_text("teacher: t\n", encoding="utf-8")
    (tmp_path / "modelling.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"modelling\.yaml.*{told}"):
        load_patterns(tmp_path)
