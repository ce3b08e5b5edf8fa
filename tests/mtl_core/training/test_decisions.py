"""Temperatures and thresholds: fitted on what is labelled, for every kind, and on nothing else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.evaluation.evaluate import evaluate
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.training.decisions import fit_decisions
from tests.mtl_core.small_models import TASKS, small_model
from tests.mtl_core.training.test_module import NAMES, example_of


@pytest.fixture(scope="module")
def model(tiny: SharedEncoder) -> MultiTaskModel:
    model = small_model(tiny)
    # far too sure of itself
    with torch.no_grad():
        for name in ("weather", "topic", "things", "spans"):
            model.head(name).linear.weight.mul_(12)
    return model


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    source = random.Random(0)
    return [example_of(set(NAMES), source) for _ in range(40)]


def test_every_task_gets_a_temperature_and_the_thresholds_it_needs(
    model: MultiTaskModel, examples: list[Example]
) -> None:
    fitted = fit_decisions(model, examples)
    assert set(fitted.decisions) == set(fitted.calibration) == set(NAMES)
    needed = {"weather": 1, "topic": 0, "things": 3, "spans": 0, "measures": 2}
    assert {name: len(decision.thresholds) for name, decision in fitted.decisions.items()} == needed
    for name in ("weather", "topic", "things", "spans"):
        assert fitted.decisions[name].temperature > 1.5
        scores = fitted.calibration[name]
        assert scores.nll_after < scores.nll_before
    counts = {name: scores.count for name, scores in fitted.calibration.items()}
    words = sum(len(example.words) for example in examples)
    assert counts == {"weather": 40, "topic": 40, "things": 120, "spans": words, "measures": 80}


def test_thresholds_are_no_worse_than_a_half(model: MultiTaskModel, examples: list[Example]) -> None:
    before = dict(model.decisions)
    try:
        fitted = fit_decisions(model, examples)
        model.decisions.update(fitted.decisions)
        tuned = evaluate(model, examples)
        model.decisions.update({name: replace_thresholds(one) for name, one in fitted.decisions.items()})
        plain = evaluate(model, examples)
    finally:
        model.decisions.update(before)
    for name in ("weather", "things", "measures"):
        assert tuned.tasks[name].f1 >= plain.tasks[name].f1
    assert tuned.tasks["topic"] == plain.tasks["topic"]


def replace_thresholds(decision: Decision) -> Decision:
    return decision.model_copy(update={"thresholds": ()})


def test_the_models_own_decisions_are_not_looked_at(model: MultiTaskModel, examples: list[Example]) -> None:
    before = dict(model.decisions)
    found = fit_decisions(model, examples[:12])
    model.decisions.update({name: Decision(temperature=9.0) for name in before})
    try:
        assert fit_decisions(model, examples[:12]) == found
    finally:
        model.decisions.update(before)


def test_what_no_example_labels_stays_plain(model: MultiTaskModel, examples: list[Example]) -> None:
    bare = [replace(example, labels={"weather": example.labels["weather"]}) for example in examples]
    assert set(fit_decisions(model, bare).decisions) == {"weather"}
    assert not fit_decisions(model, [replace(example, labels={}) for example in examples[:3]]).decisions


def test_examples_with_and_without_words_all_count(model: MultiTaskModel, examples: list[Example]) -> None:
    mixed = [
        example if number % 2 else replace(example, words=(), labels={"weather": example.labels["weather"]})
        for number, example in enumerate(examples)
    ]
    counts = {name: scores.count for name, scores in fit_decisions(model, mixed).calibration.items()}
    assert counts["weather"] == 40
    assert counts["spans"] == sum(len(example.words) for example in mixed)


def test_labels_that_training_never_saw_are_left_out(model: MultiTaskModel, examples: list[Example]) -> None:
    strange = [replace(example, labels={**example.labels, "topic": "new"}) for example in examples[:5]]
    counts = {name: one.count for name, one in fit_decisions(model, [*strange, *examples[5:]]).calibration.items()}
    assert counts["topic"] == 35


def test_words_beyond_the_budget_do_not_count(model: MultiTaskModel) -> None:
    words = ("plan",) * 40
    long = [Example(text="plan", words=words, labels={"spans": ("O", "B-key") * 20})]
    assert fit_decisions(model, long).calibration["spans"].count == model.encoder.max_tokens - 2


def test_one_class_alone_gives_the_plain_threshold(model: MultiTaskModel, examples: list[Example]) -> None:
    same = [replace(example, labels={"weather": "no"}) for example in examples]
    assert fit_decisions(model, same).decisions["weather"].thresholds == (0.5,)
    assert len(TASKS) == 5
