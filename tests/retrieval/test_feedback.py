from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.errors import InputError
from mtl_core.rubric import MEASURES
from retrieval import LessonTemplate
from retrieval.feedback import Answer, FeedbackConfig, TeacherDecision, likings, measure_balance, read_history

KEYS = tuple(MEASURES)
COUNT = 7


def make(number: int) -> LessonTemplate:
    fields: dict[str, Any] = {
        "id": f"t{number}",
        "title": f"Title {number}",
        "summary": "A summary.",
        "text": "On {topic}.",
        "steps": ["One."],
        "minutes": 5,
        "subjects": ["any"],
        "grades": {"from": 0, "to": 13},
        "measures": [KEYS[number % 4], KEYS[4 + number % 3]],
        "placement": "end",
        "licence": "CC0",
    }
    return LessonTemplate.model_validate(fields)


TEMPLATES = [make(number) for number in range(COUNT)]
_ROWS = np.random.default_rng(3).standard_normal((COUNT, 3)).astype(np.float32)
VECTORS = _ROWS / np.linalg.norm(_ROWS, axis=1, keepdims=True)
KNOWN = {template.id: vector for template, vector in zip(TEMPLATES, VECTORS, strict=True)}

decisions = st.builds(
    TeacherDecision,
    template_id=st.sampled_from([template.id for template in TEMPLATES]),
    decision=st.sampled_from(get_args(Answer)),
    measure=st.none() | st.sampled_from(KEYS[:7]),
)
dismissals = decisions.filter(lambda answer: not answer.accepted)
configs = st.builds(
    FeedbackConfig, **{name: st.integers(0, 4).map(lambda n: n / 4) for name in FeedbackConfig.__slots__}
)


def liked(history: list[TeacherDecision], config: FeedbackConfig | None = None) -> np.ndarray:
    return np.array(likings(TEMPLATES, VECTORS, history, KNOWN, config=config))


@given(st.lists(decisions, max_size=8), dismissals, configs)
def test_one_more_dismissal_never_raises_any_template(
    history: list[TeacherDecision], dismissal: TeacherDecision, config: FeedbackConfig
) -> None:
    before, after = liked(history, config), liked([*history, dismissal], config)
    assert (after <= before + 1e-9).all()


@given(st.lists(decisions, max_size=8))
def test_values_are_bounded_and_the_order_of_answers_does_not_matter(history: list[TeacherDecision]) -> None:
    values = liked(history)
    assert ((values >= -1) & (values <= 1)).all()
    np.testing.assert_allclose(liked(history[::-1]), values, atol=1e-6)


@given(st.lists(decisions, max_size=8), st.sampled_from(KEYS[:7]))
def test_an_acceptance_never_lowers_its_measure(history: list[TeacherDecision], measure: str) -> None:
    accepted = TeacherDecision(template_id="t0", decision="use", measure=measure)
    before = measure_balance(history).get(measure, 0.0)
    assert before <= measure_balance([*history, accepted])[measure] < 1


def test_without_history_nothing_is_liked_or_disliked() -> None:
    assert liked([]).tolist() == [0.0] * COUNT
    assert likings([], np.zeros((0, 3), np.float32), [], {}) == []


def test_what_was_used_is_liked_most_and_what_was_not_relevant_least() -> None:
    assert int(np.argmax(liked([TeacherDecision(template_id="t2", decision="use")]))) == 2
    assert int(np.argmin(liked([TeacherDecision(template_id="t2", decision="not_relevant")]))) == 2


def test_not_now_weighs_less_than_not_relevant_and_an_edit_less_than_a_use() -> None:
    def value(decision: Answer) -> float:
        return float(liked([TeacherDecision(template_id="t2", decision=decision, measure=KEYS[2])])[2])

    assert value("not_relevant") < value("not_now") < 0 < value("edit") < value("use")


def test_a_hand_computed_example() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8]], np.float32)
    known = {"used": np.array([1.0, 0.0], np.float32), "set-aside": np.array([0.0, 1.0], np.float32)}
    history = [
        TeacherDecision(template_id="used", decision="use", measure=KEYS[0]),
        TeacherDecision(template_id="set-aside", decision="not_relevant"),
    ]
    config = FeedbackConfig(accepted=0.5, dismissed=0.4, measures=0.3)
    # t0 is for KEYS[0], of which one of one was accepted: 1 / (1 + 2), halved by its second measure
    expected = [0.5 * 1.0 - 0.4 * 0.0 + 0.3 * (1 / 3) / 2, 0.5 * 0.6 - 0.4 * 0.8]
    assert likings(TEMPLATES[:2], vectors, history, known, config=config) == pytest.approx(expected)


def test_an_answer_about_an_unknown_template_counts_for_its_measure_alone() -> None:
    history = [TeacherDecision(template_id="gone", decision="use", measure=KEYS[0])]
    values = liked(history, FeedbackConfig(measures=0.4))
    expected = [0.4 / 3 * (KEYS[0] in template.measures) / 2 for template in TEMPLATES]
    assert values.tolist() == pytest.approx(expected)
    assert liked([TeacherDecision(template_id="gone", decision="use")]).tolist() == [0.0] * COUNT


@given(st.lists(decisions, max_size=5))
def test_a_history_file_is_read_back(tmp_path_factory: pytest.TempPathFactory, history: list[TeacherDecision]) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    path.write_text("".join(f"{answer.model_dump_json()}\n\n" for answer in history), encoding="utf-8")
    assert read_history(path) == tuple(history)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "line 2: the line: Invalid JSON"),
        ("[]", "line 2: the line"),
        (json.dumps({"template_id": "a", "decision": "like"}), "line 2: decision: Input should be 'use'"),
        (json.dumps({"template_id": "", "decision": "use"}), "line 2: template_id"),
        (json.dumps({"decision": "use"}), "line 2: template_id: Field required"),
        (json.dumps({"template_id": "a", "decision": "use", "measure": "fun"}), "unknown measure 'fun'"),
        (json.dumps({"template_id": "a", "decision": "use", "stars": 5}), "line 2: stars"),
    ],
)
def test_a_line_that_is_no_decision_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"template_id": "a", "decision": "use"}\n' + line, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_history(path)
    assert said in str(refused.value)


def test_a_history_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_history(tmp_path / "missing.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_history(tmp_path / "binary")


def test_weights_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match=r"dismissed is -0\.1"):
        FeedbackConfig(dismissed=-0.1)
    with pytest.raises(InputError, match="edit is nan"):
        FeedbackConfig(edit=float("nan"))
    with pytest.raises(ValidationError):
        TeacherDecision.model_validate({"template_id": "a", "decision": "use", "measure": "fun"})
