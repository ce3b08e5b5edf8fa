"""How much is dropped inside an encoder while it learns."""

from __future__ import annotations

from torch import nn

from mtl_core.encoder import SharedEncoder

__all__ = ["drop_in_training", "set_dropout"]

_SHORT = 128
"""Up to so many tokens the plain product of attention is the fast one on a CPU, and its memory is small."""


def drop_in_training(encoder: SharedEncoder, share: float) -> None:
    """Set the dropout of an encoder that will be trained; call it after ``limit_tokens``.

    Without dropout, short texts on a CPU are read with plain attention: forward and backward then take about a fifth
    less time than with PyTorch's fused one and dropout of 0.1 (MiniLM, 32 texts of 9 to 33 tokens, bfloat16). The
    numbers are the same up to rounding, and neither setting is saved with a model.

    Args:
        encoder: The encoder.
        share: Share that is dropped in training, 0 for none.
    """
    set_dropout(encoder.network, share)
    if share == 0 and encoder.device.type == "cpu" and encoder.max_tokens <= _SHORT:
        encoder.network.set_attn_implementation("eager")


def set_dropout(network: nn.Module, share: float) -> None:
    """Set every dropout of a network, that of its attention included.

    The network's own config stays as it is, so a saved model keeps what its makers wrote there.

    Args:
        network: The network.
        share: Share that is dropped in training, 0 for none.
    """
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        elif isinstance(getattr(module, "attention_dropout", None), float):
            # ModernBERT and its like hand a plain number to the attention
            module.attention_dropout = share  # type: ignore[assignment]
