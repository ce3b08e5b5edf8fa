"""The benchmark of the ranking on a tiny set made up for this test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.gap_ranking import Case, figures, interval, methods, report, tuned
from benchmarks.judged_set import JudgedPlan, half_of, read_judged, split_of
from mtl_core.errors import InputError
from retrieval import LessonTemplate, SearchHit
from retrieval.ranking import PlanNeeds, RankingConfig

PLAN: dict[str, Any] = {
    "id": "fractions",
    "plan": "Year 4 fractions. Pupils copy the page and tidy up.",
    "grade": 3,
    "subject": "mathematics",
    "gaps": {"modelling": 1.0, "exit_assessment": 0.6},
    "relevant": {
        "show-first": {"measures": ["modelling"], "topical": 2},
        "show-again": {"measures": ["modelling"], "topical": 2},
        "ticket": {"measures": ["exit_assessment"], "topical": 1},
        "word-wall": {"measures": [], "topical": 1},
    },
}
IDS = ("show-first", "show-again", "ticket", "word-wall")


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def make_template(name: str, measure: str) -> LessonTemplate:
    fields: dict[str, Any] = {
        "id": name,
        "title": name,
        "summary": "A summary.",
        "text": "On {topic}.",
        "steps": ["One."],
        "minutes": 5,
        "subjects": ["any"],
        "grades": {"from": 0, "to": 13},
        "measures": [measure],
        "placement": "end",
        "licence": "CC0",
    }
    return LessonTemplate.model_validate(fields)


@pytest.fixture
def case() -> Case:
    plan = JudgedPlan.model_validate(PLAN)
    measures = ("modelling", "modelling", "exit_assessment", "vocabulary")
    scores = (0.6, 0.59, 0.4, 0.55)
    hits = [
        SearchHit(make_template(name, measure), score)
        for name, measure, score in zip(IDS, measures, scores, strict=True)
    ]
    needs = PlanNeeds(gaps=plan.gaps, grade=plan.grade, subject=plan.subject)
    return Case(plan, needs, needs, hits, np.eye(4, dtype=np.float32))


def test_a_line_becomes_a_plan(tmp_path: Path) -> None:
    (plan,) = read_judged(write(tmp_path / "judged.jsonl", PLAN), templates=IDS)
    assert plan.aspects == {"show-first": ("modelling",), "show-again": ("modelling",), "ticket": ("exit_assessment",)}
    assert plan.topical == {"show-first": 2.0, "show-again": 2.0, "ticket": 1.0, "word-wall": 1.0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gaps": {}}, "line 1: gaps"),
        ({"gaps": {"modelling": 2.0, "exit_assessment": 0.1}}, "less than or equal to 1"),
        ({"gaps": {"fun": 0.5}}, "unknown measure 'fun'"),
        ({"gaps": {"modelling": 0.5}}, "ticket repairs 'exit_assessment', which is no gap"),
        ({"grade": 14}, "grade"),
        ({"subject": "alchemy"}, "unknown subject 'alchemy'"),
        ({"plan": ""}, "plan"),
        ({"relevant": {}}, "relevant"),
        ({"relevant": {"ticket": {"measures": [], "topical": 1}}}, "no template repairs a gap"),
        ({"relevant": {"ticket": {"measures": ["modelling"], "topical": 3}}}, "topical"),
        ({"relevant": {"other": {"measures": ["modelling"], "topical": 1}}}, "no template 'other' in the library"),
        ({"more": 1}, "more"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_judged(write(tmp_path / "judged.jsonl", PLAN | change), templates=IDS)


def test_an_id_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 2: the id 'fractions' comes twice"):
        read_judged(write(tmp_path / "judged.jsonl", PLAN, PLAN), templates=IDS)
    with pytest.raises(InputError, match="cannot be read"):
        read_judged(tmp_path / "missing.jsonl", templates=IDS)


def test_the_halves_part_the_set_and_stay_the_same() -> None:
    plans = [JudgedPlan.model_validate(PLAN | {"id": f"plan-{number}"}) for number in range(40)]
    tune, rest = split_of(plans, "tune"), split_of(plans, "report")
    assert sorted(plan.id for plan in [*tune, *rest]) == sorted(plan.id for plan in plans)
    assert 10 <= len(tune) <= 30
    assert [half_of(f"plan-{number}") for number in range(4)] == ["report", "tune", "report", "tune"]


def test_every_method_ranks_and_ours_covers_both_gaps_early(case: Case) -> None:
    rankings = {name: method(case) for name, method in methods(RankingConfig(), trade_off=0.7).items()}
    assert all(sorted(ranking) == sorted(IDS) for ranking in rankings.values())
    assert rankings["cosine only"] == ["show-first", "show-again", "word-wall", "ticket"]
    assert rankings["relevance only"] == rankings["MMR"] == rankings["cosine only"]
    assert rankings["ours"][:2] == ["show-first", "ticket"]
    assert rankings["gaps without coverage"][:2] == ["show-first", "show-again"]


def test_figures_and_report(case: Case) -> None:
    known = figures(lambda _: list(IDS), [case])
    # gains 1, 0.5, 1 against the ideal 1, 1, 0.5
    expected = (1 + 0.5 / np.log2(3) + 1 / 2) / (1 + 1 / np.log2(3) + 0.5 / 2)
    assert known["alpha_ndcg"] == pytest.approx([expected])
    assert known["topical_ndcg"] == pytest.approx([1.0])
    result = report([case, case], RankingConfig(), 0.7)
    assert result["plans"] == 2
    before, after = result["methods"]["relevance only"], result["methods"]["ours"]
    assert result["gain_alpha_ndcg"]["mean"] == pytest.approx(after["alpha_ndcg"] - before["alpha_ndcg"], abs=1e-3)
    assert result["gain_alpha_ndcg"]["mean"] > 0


def test_tuning_never_falls_below_where_it_began(case: Case) -> None:
    start = RankingConfig(coverage=0.0)
    config, trade_off = tuned([case], start)
    named: Callable[[RankingConfig], Any] = lambda one: methods(one, trade_off=trade_off)["ours"]  # noqa: E731
    assert figures(named(config), [case])["alpha_ndcg"] > figures(named(start), [case])["alpha_ndcg"]
    assert tuned([case], start) == (config, trade_off)


def test_the_interval_holds_the_mean() -> None:
    differences = np.array([0.1, 0.2, 0.3, 0.2])
    low, high = interval(differences)
    assert low < differences.mean() < high
    assert interval(differences) == (low, high)
    assert interval(np.full(5, 0.25)) == (0.25, 0.25)
