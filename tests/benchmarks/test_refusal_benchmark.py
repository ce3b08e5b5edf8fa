"""What the benchmark of refusal prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import refusal
from mtl_core.plan_features import PlanFeatures
from mtl_core.plan_head import PlanHead
from mtl_core.training.plan_head import PlanExample, PlanPieces

if TYPE_CHECKING:
    import pytest


def example(value: float) -> PlanExample:
    whole = PlanFeatures(
        vectors=np.asarray([[value]], np.float32),
        offsets=np.asarray([0, 0]),
        buckets=np.asarray([], np.int64),
        values=np.asarray([], np.float32),
        words=np.asarray([140]),
        counts=np.asarray([1]),
    )
    return PlanExample(PlanPieces(whole, ()), "g", is_plan=True)


def test_a_text_is_refused_below_the_threshold() -> None:
    head = PlanHead(1)
    head.load_state_dict({name: tensor * 0 + 1 for name, tensor in head.state_dict().items()})
    assert refusal._refused(head, [example(-9), example(9)]) == [True, False]


def test_shares_are_counted_by_table_and_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    documents = [
        refusal.Judged(example(0), "a", "others", "poem"),
        refusal.Judged(example(0), "b", "others", "poem"),
        refusal.Judged(example(0), "c", "others", "news"),
        refusal.Judged(example(0), "d", "plans"),
        refusal.Judged(example(0), "e", "plans"),
    ]
    refusal._print(documents, {0: True, 1: False, 2: True, 3: True, 4: False})
    assert capsys.readouterr().out.splitlines() == [
        "others: refused 2 of 3 (0.667)",
        "    poem: 1 of 2",
        "plans: refused 1 of 2 (0.500)",
        "    d",
    ]


def test_texts_of_other_languages_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    refusal._languages("other_languages.jsonl")
    assert "refused 107 of 107; taken for English: none" in capsys.readouterr().out
