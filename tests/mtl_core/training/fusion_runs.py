"""Small fusions to train: data, options, and the figures of what comes out."""

from __future__ import annotations

from dataclasses import replace

from mtl_core.data.examples import Example
from mtl_core.evaluation.evaluate import Evaluation, main_figure, score_predictions
from mtl_core.fusion import FusedModel
from mtl_core.fusion_layers import FusionSettings
from mtl_core.model import MultiTaskModel
from mtl_core.training.fusion_fit import FusionOptions
from tests.mtl_core.toy_members import signal_examples

TRAIN = signal_examples(160, seed=1)
VALIDATION = signal_examples(80, seed=2)
TEST = signal_examples(120, seed=3)
OPTIONS = FusionOptions(settings=FusionSettings(size=32), learning_rate=5e-3, batch_size=16, epochs=12)
HASTY = OPTIONS.model_copy(update={"epochs": 1, "learning_rate": 1e-9})


def judge(model: MultiTaskModel | FusedModel, examples: list[Example]) -> Evaluation:
    return score_predictions(model.tasks, examples, model.predict(examples))


def figures(model: MultiTaskModel | FusedModel, examples: list[Example]) -> dict[str, float]:
    return {name: main_figure(scores) for name, scores in judge(model, examples).tasks.items()}


def without(examples: list[Example], task: str) -> list[Example]:
    return [
        replace(one, labels={name: label for name, label in one.labels.items() if name != task}) for one in examples
    ]
