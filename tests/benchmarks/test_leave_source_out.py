"""Figures of left-out sources, with and without the rules of the best passage."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.leave_source_out import print_figures
from mtl_core.best_passages import BestPassage
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.corpus import LabelledPlan
from mtl_core.training.quality_fit import PASSAGE_FROM, QUOTABLE_FROM, FoldLogits

PLANS = tuple(
    LabelledPlan(
        id=f"{group}-{number}",
        group=group,
        text="Read page 4.\n",
        segments=tuple(segment_document("Read page 4.\n")),
        present=dict.fromkeys(MEASURES, number % 2 == 0),
        quotes=dict.fromkeys(MEASURES, ()),
    )
    for group in ("one", "two")
    for number in range(8)
)


def found(present: BestPassage, absent: BestPassage) -> FoldLogits:
    logits = np.asarray([[8.0 if plan.present[key] else -8.0 for key in MEASURES] for plan in PLANS])
    passages = [[present if plan.present[key] else absent for key in MEASURES] for plan in PLANS]
    return FoldLogits(logits, np.asarray([int(plan.group == "two") for plan in PLANS]), list(map(list, passages)))


@pytest.mark.parametrize(
    ("present", "absent", "macro_f1"),
    [
        (BestPassage(0, QUOTABLE_FROM), BestPassage(0, 0), 1.0),
        (BestPassage(0, QUOTABLE_FROM - 1), BestPassage(0, 0), 1 / 3),
        (BestPassage(0, QUOTABLE_FROM), BestPassage(PASSAGE_FROM, PASSAGE_FROM), 1 / 3),
    ],
)
def test_the_rules_of_the_best_passage_count_only_where_they_are_asked_for(
    present: BestPassage, absent: BestPassage, macro_f1: float, capsys: pytest.CaptureFixture[str]
) -> None:
    logits = found(present, absent)
    printed = []
    for rules in (False, True):
        print_figures(PLANS, logits, PLANS, logits, rules=rules)
        line = re.search(r"^macro-F1 ([\d.]+)", capsys.readouterr().out, re.MULTILINE)
        assert line is not None
        printed.append(float(line[1]))
    assert printed == [1.0, pytest.approx(macro_f1, abs=1e-3)]
