"""How near an export is to the torch model in float32, on sample texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field

from mtl_core.data.examples import Example
from mtl_core.errors import ArtifactError, InputError
from mtl_core.model import as_example
from mtl_core.runtime.folder import Parity
from mtl_core.training.corpus import load_corpus

if TYPE_CHECKING:
    from mtl_core.heads import Prediction as TorchPrediction
    from mtl_core.model import MultiTaskModel
    from mtl_core.runtime.decisions import Prediction
    from mtl_core.runtime.runtime import ExportedModel

__all__ = ["ParityLimits", "check_limits", "measure_parity", "prepare", "sample_texts"]

_SAMPLES = 120
_LONG = 60
_PASSAGES = 4


class ParityLimits(BaseModel):
    """From where an export is refused.

    Args:
        difference: Largest absolute difference of a probability, for a graph in float32.
        equal: Smallest share of equal decisions, for a quantised graph.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    difference: float = Field(default=1e-3, ge=0)
    equal: float = Field(default=0.99, ge=0, le=1)


def sample_texts(model: MultiTaskModel) -> list[Example]:
    """Sentences of lesson plans, a text longer than any budget, and odd ones.

    Args:
        model: What the texts are for: a model with an evidence task also gets documents of several passages.

    Returns:
        Examples without labels.
    """
    rows = [row.text for row in load_corpus().segments]
    texts = rows[:: max(1, len(rows) // _SAMPLES)]
    odd = [" ".join(texts[:_LONG]), "a", "Ünï ☃ 教案 \u200b", "  write\n\n\tthree   sums "]
    examples = [Example(text=text, labels={}) for text in (*texts, *odd)]
    if any(task.kind == "evidence" for task in model.tasks):
        starts = range(0, len(texts), _PASSAGES)
        groups = [tuple(texts[start : start + 1 + number % _PASSAGES]) for number, start in enumerate(starts)]
        examples += [Example(text="\n".join(group), labels={}, segments=group) for group in groups]
    return examples


def prepare(model: MultiTaskModel, samples: Sequence[str | Example]) -> list[Example]:
    """Samples as a model reads them: cut into words where it has a token task.

    Args:
        model: The model.
        samples: Texts or examples.

    Returns:
        Examples.

    Raises:
        InputError: If there is none, or one is empty.
    """
    if not samples:
        raise InputError("There is no sample text to compare the export on; give one or more.")
    worded = any(task.kind == "token" for task in model.tasks)
    return [as_example(sample, number, words=worded) for number, sample in enumerate(samples)]


def measure_parity(model: MultiTaskModel, exported: ExportedModel, examples: Sequence[Example]) -> Parity:
    """Compare an export with its model, each text read by itself in torch and in company in the export.

    Args:
        model: The torch model; it is left as it was.
        exported: The export.
        examples: What ``prepare`` gives.

    Returns:
        The figures.

    Raises:
        InputError: If the model is not in float32.
    """
    if any(part.is_floating_point() and part.dtype != torch.float32 for part in model.parameters()):
        raise InputError("The model is not in float32; call model.float() before the export.")
    equal, differences, cosines = [], [0.0], [1.0]
    for example, found in zip(examples, exported.predict(examples), strict=True):
        for name, expected in _reference(model, example).items():
            pair = expected, found[name]
            equal += _equal(*pair, labels=_labels_of_a_set(model, name))
            gaps = np.abs(np.subtract(expected.probabilities, found[name].probabilities))
            differences.append(float(gaps.max(initial=0)))
    plain = [example.text for example in examples]
    cosines += [
        float(vector @ ours) for vector, ours in zip(_vectors(model, plain), exported.encode(plain), strict=True)
    ]
    return Parity(
        samples=len(examples),
        decisions=len(equal),
        equal=sum(equal) / len(equal),
        difference=max(differences),
        cosine=min(cosines),
    )


def check_limits(parity: Parity, limits: ParityLimits, *, quantised: bool) -> None:
    """Refuse an export that is too far from its model.

    Args:
        parity: Measured.
        limits: Allowed.
        quantised: Whether the graph is, so that its probabilities may differ and its decisions may not.

    Raises:
        ArtifactError: If it is too far.
    """
    if quantised and parity.equal < limits.equal:
        raise ArtifactError(
            f"The quantised graph decides {parity.equal:.2%} of {parity.decisions} samples as the model does, under "
            f"the limit of {limits.equal:.2%}; export without quantisation, or allow less."
        )
    if not quantised and not parity.difference <= limits.difference:
        raise ArtifactError(
            f"The graph's probabilities differ from the model's by up to {parity.difference:.2g}, over the limit of "
            f"{limits.difference:.2g}; export in another format, or allow more."
        )


@torch.inference_mode()
def _reference(model: MultiTaskModel, example: Example) -> dict[str, TorchPrediction]:
    """Predictions of one text in float32, whatever precision the model runs in otherwise."""
    was_training = model.training
    model.eval()
    try:
        states = model.states(model.pad(model.tokenise([example])))
        names = [task.name for task in model.tasks if task.kind != "token" or example.words]
        logits = model.judge(states, names)
        return {name: model.head(name).predict(logits[name], model.decisions[name], states)[0] for name in names}
    finally:
        model.train(was_training)


@torch.inference_mode()
def _vectors(model: MultiTaskModel, texts: Sequence[str]) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    was_training = model.training
    model.eval()
    try:
        vectors = []
        for text in texts:
            states = model.states(model.pad(model.tokenise([Example(text=text, labels={})])))
            vectors.append(torch.nn.functional.normalize(states.pooled[0], dim=-1).cpu().numpy())
        return vectors
    finally:
        model.train(was_training)


def _labels_of_a_set(model: MultiTaskModel, name: str) -> tuple[str, ...]:
    """Labels that hold independently; none where a task takes one label a text or a word."""
    task = model.head(name).task
    return task.labels if task.kind in {"multilabel", "evidence"} else ()


def _equal(expected: TorchPrediction, found: Prediction, *, labels: Sequence[str]) -> list[bool]:
    """Which decisions of a task on an example are the same."""
    if labels:
        return [(label in expected.label) == (label in found.label) for label in labels]
    if isinstance(expected.label, str):
        return [expected.label == found.label]
    return [tag == other for tag, other in zip(expected.label, found.label, strict=True)]
