"""Heads on a frozen encoder: every text is encoded once, and the heads are fitted on all vectors together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import BinaryHead, EncoderStates, MulticlassHead, MultilabelHead, Targets, TaskHead
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel

__all__ = ["can_fit_frozen", "encode_once", "fit_heads"]

_STEPS = 200
_HISTORY = 10
_TOLERANCE = 1e-4
_LINEAR = (BinaryHead, MulticlassHead, MultilabelHead)


def can_fit_frozen(model: MultiTaskModel) -> bool:
    """Whether every head reads pooled vectors alone, so that they can be encoded once."""
    return not any(model.head(name).uses_tokens for name in model.heads)


def encode_once(model: MultiTaskModel, examples: Sequence[Example]) -> tuple[torch.Tensor, torch.Tensor]:
    """Pooled vectors of all examples.

    Args:
        model: Whose encoder reads.
        examples: The examples.

    Returns:
        ``[sequences, dimension]`` float32 vectors in the examples' order, and ``[examples]`` how many each has.
    """
    parts: list[torch.Tensor] = [torch.empty(0)] * len(examples)
    for batch in model.outputs(examples, tasks=()):
        split = torch.split(batch.states.pooled.float(), batch.states.lengths.tolist())
        for row, vectors in zip(batch.rows, split, strict=True):
            parts[row] = vectors
    return torch.cat(parts).clone(), torch.tensor([len(part) for part in parts])


def fit_heads(
    model: MultiTaskModel,
    examples: Sequence[Example],
    *,
    loss: LossOptions,
    strength: float = 1.0,
    vectors: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> dict[str, float]:
    """Fit every head on cached vectors by L-BFGS with an L2 penalty; no random number is drawn.

    For a linear head the objective is scikit-learn's ``LogisticRegression``: mean loss plus
    ``|w|^2 / (2 strength n)``, biases unpenalised.

    Args:
        model: Gets the fitted heads.
        examples: Training examples with partial labels.
        loss: Which loss.
        strength: Inverse of the penalty, ``C`` in scikit-learn.
        vectors: What ``encode_once`` gave for the same examples, to save the pass.

    Returns:
        Final objective by task, of the tasks that some example labels.

    Raises:
        InputError: If a head reads token states, or the fit does not stay finite.
    """
    if not can_fit_frozen(model):
        raise InputError("Token tasks cannot be fitted on pooled vectors; train them with the encoder in the loop.")
    pooled, lengths = encode_once(model, examples) if vectors is None else vectors
    if not torch.isfinite(pooled).all():
        raise InputError("Vectors of the encoder hold NaN or infinity; look into the texts, or encode in float32.")
    none = torch.zeros(len(lengths), 0, dtype=torch.long)
    states = EncoderStates(pooled[:, None], torch.ones(len(pooled), 1), pooled, lengths, none)
    targets = {name: model.head(name).targets(examples) for name in model.heads}
    labelled = {name: given for name, given in targets.items() if bool(_rows(given).any())}
    model.eval()
    found = _fit({name: model.head(name) for name in labelled}, states, labelled, loss, strength=strength)
    return dict(zip(labelled, found, strict=True))


def _rows(targets: Targets) -> torch.Tensor:
    return targets.known if targets.taught is None else targets.known | targets.taught


def _logits(heads: Mapping[str, TaskHead], states: EncoderStates, vectors: torch.Tensor) -> dict[str, torch.Tensor]:
    """Logits of every head; all linear ones in one product, which reads the vectors once instead of once a head."""
    linear = {name: head.linear for name, head in heads.items() if isinstance(head, _LINEAR)}
    logits = {name: head(states) for name, head in heads.items() if name not in linear}
    if linear:
        weight = torch.cat([layer.weight for layer in linear.values()])
        bias = torch.cat([layer.bias for layer in linear.values()])
        widths = [layer.out_features for layer in linear.values()]
        parts = torch.split(torch.nn.functional.linear(vectors, weight, bias), widths, dim=1)
        logits.update(zip(linear, parts, strict=True))
    return logits


def _fit(
    heads: Mapping[str, TaskHead],
    states: EncoderStates,
    targets: Mapping[str, Targets],
    options: LossOptions,
    *,
    strength: float,
) -> list[float]:
    parameters = [parameter for head in heads.values() for parameter in head.parameters() if parameter.requires_grad]
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=_STEPS,
        history_size=_HISTORY,
        tolerance_grad=_TOLERANCE,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    vectors = states.vectors
    values: dict[str, torch.Tensor] = {}

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        logits = _logits(heads, states, vectors)
        for name, head in heads.items():
            loss = head.loss(logits[name], targets[name], options)
            penalty = sum((part.square().sum() for part in head.parameters() if part.ndim > 1), torch.zeros(()))
            values[name] = loss.total / loss.count + penalty / (2 * strength * loss.count)
        total = torch.stack(list(values.values())).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        if not torch.isfinite(value):
            raise InputError(f"The fit of task {name!r} did not stay finite; take a stronger penalty or another loss.")
    return [float(value.detach()) for value in values.values()]
