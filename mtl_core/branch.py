"""A branch of the encoder: tuned copies of its last layers give each text a second vector in the same pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from mtl_core.encoder import masked_mean
from mtl_core.errors import ArtifactError
from mtl_core.rounding import rounded
from mtl_core.tuned_layers import TunedLayers, blank_layers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mtl_core.encoder import SharedEncoder

__all__ = ["EncoderBranch"]

_SCALE = ".scale"


class EncoderBranch(nn.Module):
    """Reads the states of an inner layer and pools its own upper layers by the mean.

    The shared encoder stays as it is, so search and every other head see the same vectors as before.

    Args:
        layers: The upper layers.
        tap: Which layer of the encoder feeds them; 0 is the embedding layer.
    """

    def __init__(self, layers: TunedLayers, *, tap: int) -> None:
        super().__init__()
        self.layers = layers
        self.tap = tap

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Pooled vectors ``[rows, dimension]`` in float32, not normalised.

        Args:
            states: ``[rows, tokens, dimension]`` states of the layer ``tap``.
            mask: ``[rows, tokens]``, 1 for a token and 0 for padding.

        Returns:
            One vector a row.
        """
        return masked_mean(self.layers(states, mask.bool()), mask)

    def rounded_tensors(self) -> dict[str, torch.Tensor]:
        """The weights for saving: matrices as 8-bit numbers with a scale a row, the rest in half precision."""
        saved = {}
        for name, tensor in self.layers.state_dict().items():
            # vectors are small, so they need no rounding
            if tensor.dim() < 2:
                saved[name] = tensor.half().contiguous()
                continue
            saved[name], saved[name + _SCALE] = rounded(tensor, dim=1)
        return saved

    @classmethod
    def from_rounded(cls, tensors: Mapping[str, torch.Tensor], *, encoder: SharedEncoder, count: int) -> EncoderBranch:
        """A branch from what ``rounded_tensors`` gave.

        Args:
            tensors: The saved weights.
            encoder: The encoder that it belongs to.
            count: Number of layers.

        Returns:
            The branch.

        Raises:
            ArtifactError: If the weights do not fit the encoder.
        """
        layers = blank_layers(encoder, count)
        exact = {
            name: tensor.float() * tensors[name + _SCALE] if name + _SCALE in tensors else tensor.float()
            for name, tensor in tensors.items()
            if not name.endswith(_SCALE)
        }
        try:
            layers.load_state_dict(exact)
        except RuntimeError as error:
            raise ArtifactError("The saved branch does not fit its encoder; train it again.") from error
        return cls(layers, tap=encoder.layer_count - 1 - count).eval()
