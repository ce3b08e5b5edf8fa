"""Class weights: rare classes count as much as frequent ones in the training loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.utils.class_weight import compute_class_weight

from mtl_core.data.examples import Example
from mtl_core.model import MultiTaskModel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["set_class_weights"]


def set_class_weights(model: MultiTaskModel, examples: Sequence[Example]) -> None:
    """Set the class weights of every head to the inverse class frequencies of the training data.

    scikit-learn's ``balanced`` rule: rows / (classes that occur x rows of the class), so that the mean weight over
    the rows is 1. A binary head gets [negative, positive]; a multiclass head one a class; a multilabel or evidence
    head ``[labels, 2]``, absence and presence of each label; a token head one a tag, counted over words, ``O``
    included. A class that never occurs, and every class of a task without labels, has weight 1. The weights are
    buffers of the heads, saved with them; a loss uses them where ``LossOptions.class_weights`` is on and ``plain``
    is off.

    Args:
        model: Whose heads are set.
        examples: The training examples; one without a label of a task does not count for it.

    Raises:
        InputError: If a label is not one of its task's.
    """
    for name in model.heads:
        head = model.head(name)
        targets = head.targets([example for example in examples if name in example.labels])
        numbers = targets.values[targets.known].to(torch.int64).numpy()
        head.class_weights.copy_(_weights(numbers, shape=tuple(head.class_weights.shape)))


def _weights(numbers: NDArray[np.int64], *, shape: tuple[int, ...]) -> torch.Tensor:
    """Weights ``[classes]`` of class numbers, or ``[labels, 2]`` of rows of absent and present labels."""
    if len(shape) == 1:
        return _balanced(numbers.ravel(), classes=shape[0])
    return torch.stack([_balanced(column, classes=shape[1]) for column in numbers.T])


def _balanced(numbers: NDArray[np.int64], *, classes: int) -> torch.Tensor:
    weights = torch.ones(classes)
    if len(numbers):
        found = np.unique(numbers)
        weights[torch.from_numpy(found)] = torch.from_numpy(
            compute_class_weight("balanced", classes=found, y=numbers)
        ).to(weights.dtype)
    return weights
