"""Which layers of an encoder learn: frozen whole, all but the last n, or thawed one by one from the top."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lightning.pytorch.callbacks import Callback
from torch import nn

from mtl_core.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from lightning.pytorch import LightningModule, Trainer

__all__ = ["GradualUnfreezing", "Layers", "freeze", "layers_of", "parse_freeze", "rest_if_frozen"]

_ALL_BUT_LAST = re.compile(r"all_but_last:([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Layers:
    """Names of an encoder's parameters by place, as ``named_parameters`` gives them.

    Args:
        embeddings: What comes before the first layer.
        layers: The transformer layers from the bottom, each with its names.
        rest: What comes after the last layer or is shared by all, such as a pooler or a closing norm.
    """

    embeddings: tuple[str, ...]
    layers: tuple[tuple[str, ...], ...]
    rest: tuple[str, ...]

    def from_top(self, count: int) -> frozenset[str]:
        """Names that learn when ``count`` stages do: the top layer with the rest, further layers, the embeddings.

        Args:
            count: 0 for none; one more than there are layers for all.
        """
        if count == 0:
            return frozenset()
        top = self.layers[max(len(self.layers) - count, 0) :]
        names = {*self.rest, *(name for layer in top for name in layer)}
        return frozenset(names if count <= len(self.layers) else {*names, *self.embeddings})


def layers_of(network: nn.Module) -> Layers:
    """Part an encoder's parameters into embeddings, layers and the rest.

    The layers are the longest ``ModuleList`` of blocks of one class that lies in no other ``ModuleList``; this holds
    for BERT, MiniLM, MPNet, RoBERTa, DistilBERT, ELECTRA, DeBERTa and ModernBERT alike, also inside a wrapper.

    Args:
        network: The encoder.

    Returns:
        Names by place; every parameter is in exactly one.

    Raises:
        InputError: If there is no such list.
    """
    prefix, count = _blocks_of(network)
    embeddings: list[str] = []
    rest: list[str] = []
    layers: list[list[str]] = [[] for _ in range(count)]
    for name, _ in network.named_parameters():
        if name.startswith(prefix):
            layers[int(name.removeprefix(prefix).partition(".")[0])].append(name)
        else:
            (rest if any(layers) else embeddings).append(name)
    return Layers(tuple(embeddings), tuple(map(tuple, layers)), tuple(rest))


def _blocks_of(network: nn.Module) -> tuple[str, int]:
    """Prefix of the layers' parameter names, and how many layers there are."""
    found: dict[str, int] = {}
    inside: list[str] = []
    for name, module in network.named_modules():
        if not isinstance(module, nn.ModuleList) or name.startswith(tuple(inside)):
            continue
        prefix = f"{name}." if name else ""
        inside.append(prefix)
        is_uniform = len({type(block) for block in module}) == 1
        if is_uniform and all(any(True for _ in block.parameters()) for block in module):
            found[prefix] = len(module)
    if not found:
        raise InputError(
            f"No list of transformer layers was found in {type(network).__name__}; it can only be frozen whole."
        )
    prefix = max(found, key=lambda name: found[name])
    return prefix, found[prefix]


def parse_freeze(mode: str) -> int | None:
    """Read a freezing mode as the configuration writes it.

    Args:
        mode: ``none``, ``all`` or ``all_but_last:n``.

    Returns:
        ``keep_last`` for :func:`freeze`.

    Raises:
        InputError: If it is none of these.
    """
    if mode in {"none", "all"}:
        return None if mode == "none" else 0
    match = _ALL_BUT_LAST.fullmatch(mode)
    if match is None:
        raise InputError(f"Freezing {mode!r} is not known; use none, all, or all_but_last:n with n of at least 1.")
    return int(match[1])


def freeze(network: nn.Module, *, keep_last: int | None) -> None:
    """Choose which parameters of an encoder learn; call it before the optimiser is made.

    Args:
        network: The encoder.
        keep_last: Layers at the top that learn, with the pooler: 0 for none; None for the whole encoder, embeddings
            included.

    Raises:
        InputError: If it has fewer layers, or none were found.
    """
    if not keep_last:
        for parameter in network.parameters():
            parameter.requires_grad_(keep_last is None)
        return
    layers = layers_of(network)
    if keep_last > len(layers.layers):
        raise InputError(f"The last {keep_last} layers cannot be kept: the encoder has {len(layers.layers)}.")
    _thaw(network, layers.from_top(keep_last))


def rest_if_frozen(network: nn.Module) -> None:
    """Put an encoder of which nothing learns in eval mode: its dropout would only add noise; else in training mode.

    Call it from ``on_train_start``; Lightning keeps the modes across validations.

    Args:
        network: The encoder.
    """
    network.train(any(parameter.requires_grad for parameter in network.parameters()))


class GradualUnfreezing(Callback):
    """Lets one more layer learn, from the top, every so often (Howard and Ruder 2018, ULMFiT).

    Stage 0 trains the heads alone, stage 1 adds the top layer and the pooler, and so on; after the bottom layer come
    the embeddings. Make the optimiser from all parameters before: this callback only switches ``requires_grad``, so
    that the optimiser's state keeps its shape. The stage is saved, and a resumed training goes on with it. With several
    processes the strategy must look for unused parameters (``ddp_find_unused_parameters_true``).

    Args:
        network: The encoder.
        every: Epochs or optimiser steps that a stage lasts.
        unit: ``epoch`` or ``step``.
        start: Stage to begin with.
    """

    def __init__(
        self, network: nn.Module, *, every: int = 1, unit: Literal["epoch", "step"] = "epoch", start: int = 0
    ) -> None:
        self._network = network
        self._layers = layers_of(network)
        self._every = every
        self._unit = unit
        self._start = start
        self._last_stage = len(self._layers.layers) + 1
        if every < 1 or not 0 <= start <= self._last_stage:
            raise InputError(f"Unfreezing needs every >= 1 and a start between 0 and {self._last_stage}.")
        self._stage = start

    @property
    def stage(self) -> int:
        """Stages that learn now; 0 where only the heads do."""
        return self._stage

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze what does not learn yet; the optimiser has been made."""
        del trainer, pl_module
        self._apply()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Silence the dropout of a wholly frozen encoder."""
        del trainer, pl_module
        rest_if_frozen(self._network)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move to the epoch's stage."""
        del pl_module
        if self._unit == "epoch":
            self._move(trainer.current_epoch)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Move to the step's stage."""
        del pl_module, batch, batch_idx
        if self._unit == "step":
            self._move(trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """The stage, and what it depends on."""
        return {"stage": self._stage, "every": self._every, "unit": self._unit, "start": self._start}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the saved stage.

        Args:
            state_dict: What :meth:`state_dict` gave.

        Raises:
            ArtifactError: If it was saved by a training that unfreezes at another pace.
        """
        if {**self.state_dict(), "stage": state_dict["stage"]} != state_dict:
            raise ArtifactError("The checkpoint unfreezes at another pace; resume with the same every, unit and start.")
        self._stage = state_dict["stage"]

    def _move(self, progress: int) -> None:
        stage = min(self._start + progress // self._every, self._last_stage)
        if stage != self._stage:
            self._stage = stage
            self._apply()
            rest_if_frozen(self._network)

    def _apply(self) -> None:
        _thaw(self._network, self._layers.from_top(self._stage))


def _thaw(network: nn.Module, names: frozenset[str]) -> None:
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in names)
