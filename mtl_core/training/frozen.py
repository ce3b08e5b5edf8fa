"""Heads on a frozen encoder: every text is encoded once, and the heads are fitted on all vectors together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import EncoderStates, Targets, TaskHead
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel

__all__ = ["can_fit_frozen", "encode_once", "fit_heads"]

_STEPS = 200
_HISTORY = 10


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
    found: dict[str, float] = {}
    targets: Mapping[str, Targets] = {name: model.head(name).targets(examples) for name in model.heads}
    for name, given in targets.items():
        rows = given.known if given.taught is None else given.known | given.taught
        if bool(rows.any()):
            states, kept = _labelled(pooled, lengths, given, rows)
            found[name] = _fit(model.head(name), states, kept, loss, strength=strength)
    model.eval()
    return found


def _labelled(
    pooled: torch.Tensor, lengths: torch.Tensor, targets: Targets, rows: torch.Tensor
) -> tuple[EncoderStates, Targets]:
    """Vectors and targets of the labelled examples alone."""
    own = torch.repeat_interleave(rows, lengths)
    kept = Targets(*(None if part is None else part[rows] for part in targets))  # type: ignore[arg-type]
    count = int(rows.sum())
    none = torch.zeros(count, 0, dtype=torch.long)
    mask = torch.ones(int(own.sum()), 1)
    return EncoderStates(pooled[own][:, None], mask, pooled[own], lengths[rows], none), kept


def _fit(head: TaskHead, states: EncoderStates, targets: Targets, options: LossOptions, *, strength: float) -> float:
    head.eval()
    parameters = [parameter for parameter in head.parameters() if parameter.requires_grad]
    optimiser = torch.optim.LBFGS(
        parameters,
        max_iter=_STEPS,
        history_size=_HISTORY,
        tolerance_grad=1e-5,
        tolerance_change=1e-7,
        line_search_fn="strong_wolfe",
    )
    value = torch.zeros(())

    def closure() -> torch.Tensor:
        nonlocal value
        optimiser.zero_grad()
        loss = head.loss(head(states), targets, options)
        penalty = sum((parameter.square().sum() for parameter in parameters if parameter.ndim > 1), torch.zeros(()))
        value = loss.total / loss.count + penalty / (2 * strength * loss.count)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    if not torch.isfinite(value):
        raise InputError(f"The fit of task {head.task.name!r} did not stay finite; look for NaN in the vectors.")
    return float(value.detach())
