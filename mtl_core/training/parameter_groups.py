"""Groups of parameters for AdamW: lower layers learn slower, biases and norms do not decay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

from torch import nn

from mtl_core.errors import InputError
from mtl_core.training.freezing import layers_of

__all__ = ["ParameterGroup", "parameter_groups"]


class ParameterGroup(TypedDict):
    """One group, as ``torch.optim`` takes it.

    Args:
        name: Place, such as ``layer.3`` or ``heads``, with ``/no_decay`` where the weights do not decay.
        lr: Learning rate of the group.
        weight_decay: Weight decay of the group.
        params: The parameters.
        param_names: Their names, in the same order, with ``network.`` or ``heads.`` before.
    """

    name: str
    lr: float
    weight_decay: float
    params: list[nn.Parameter]
    param_names: list[str]


def parameter_groups(
    network: nn.Module,
    heads: nn.Module,
    *,
    encoder_lr: float,
    head_lr: float,
    layer_decay: float = 1.0,
    weight_decay: float = 0.01,
) -> list[ParameterGroup]:
    """Groups with layer-wise learning rates (Howard and Ruder 2018; Clark et al. 2020, ELECTRA).

    The top layer and what lies above it learn at ``encoder_lr``, each layer below at ``layer_decay`` times the rate of
    the layer above, the embeddings slowest. Biases, norms and other vectors have no weight decay.

    Args:
        network: The encoder.
        heads: The heads; a parameter shared with the encoder counts as the encoder's.
        encoder_lr: Learning rate of the encoder's top layer.
        head_lr: Learning rate of the heads.
        layer_decay: Factor from one layer to the next below, in (0, 1].
        weight_decay: Weight decay of the matrices.

    Returns:
        Groups that are not empty, from the bottom up; every parameter that learns is in exactly one.

    Raises:
        InputError: If a rate or factor is out of range, or nothing learns.
    """
    if min(encoder_lr, head_lr) <= 0 or not 0 < layer_decay <= 1 or weight_decay < 0:
        raise InputError("Learning rates must be above 0, layer_decay in (0, 1] and weight_decay at least 0.")
    groups: dict[str, ParameterGroup] = {}
    seen: set[int] = set()
    undecayed = {id(parameter) for parameter in (*_undecayed(network), *_undecayed(heads))}
    for place, lr, name, parameter in _placed(network, heads, encoder_lr, head_lr, layer_decay):
        if not parameter.requires_grad or id(parameter) in seen:
            continue
        seen.add(id(parameter))
        decays = id(parameter) not in undecayed
        key = place if decays else f"{place}/no_decay"
        decay = weight_decay if decays else 0.0
        group = groups.setdefault(key, ParameterGroup(name=key, lr=lr, weight_decay=decay, params=[], param_names=[]))
        group["params"].append(parameter)
        group["param_names"].append(name)
    if not groups:
        raise InputError("Nothing learns: the encoder is frozen and the heads have no parameters.")
    return list(groups.values())


def _placed(
    network: nn.Module, heads: nn.Module, encoder_lr: float, head_lr: float, layer_decay: float
) -> Iterator[tuple[str, float, str, nn.Parameter]]:
    """Place, learning rate and name of every parameter, from the bottom up."""
    parameters = dict(network.named_parameters())
    # an encoder that does not learn needs no known layers
    if any(parameter.requires_grad for parameter in parameters.values()):
        layers = layers_of(network)
        count = len(layers.layers)
        places = [
            ("embeddings", count, layers.embeddings),
            *((f"layer.{number}", count - 1 - number, names) for number, names in enumerate(layers.layers)),
            ("encoder", 0, layers.rest),
        ]
        for place, depth, names in places:
            for name in names:
                yield place, encoder_lr * layer_decay**depth, f"network.{name}", parameters[name]
    for name, parameter in heads.named_parameters():
        yield "heads", head_lr, f"heads.{name}", parameter


def _undecayed(module: nn.Module) -> Iterator[nn.Parameter]:
    for part in module.modules():
        is_norm = isinstance(part, nn.LayerNorm | nn.GroupNorm | nn.RMSNorm)
        for name, parameter in part.named_parameters(recurse=False):
            if is_norm or parameter.ndim < 2 or name.endswith("bias"):
                yield parameter
