"""Layers are found in any encoder, frozen as asked, and thawed from the top."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    RobertaConfig,
    RobertaModel,
)

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.freezing import GradualUnfreezing, freeze, layers_of, parse_freeze, rest_if_frozen
from mtl_core.training.parameter_groups import parameter_groups
from tests.mtl_core.training.toy_training import FixedLoader, InterruptAt, MemoryLogger, ToyLoader, trainer_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # Lightning 2.6 with torch 2.13
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
]

SIZES: dict[str, Any] = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def bert() -> nn.Module:
    return BertModel(BertConfig(**SIZES))


def roberta() -> nn.Module:
    return RobertaModel(RobertaConfig(**SIZES))


def mpnet() -> nn.Module:
    return MPNetModel(MPNetConfig(**SIZES))


def distilbert() -> nn.Module:
    return DistilBertModel(DistilBertConfig(vocab_size=50, dim=16, n_layers=3, n_heads=2, hidden_dim=32))


def modernbert() -> nn.Module:
    return ModernBertModel(ModernBertConfig(**SIZES, pad_token_id=0))


def wrapped() -> nn.Module:
    return nn.ModuleDict({"encoder": bert()})


def own() -> nn.Module:
    """Blocks under an unusual name, beside a shorter list and with a list in every block."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList([nn.Linear(4, 4) for _ in range(5)])

    module = nn.Module()
    module.words = nn.Embedding(9, 4)
    module.blocks = nn.ModuleList([Block() for _ in range(3)])
    module.outlets = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
    return module


BUILDERS = [bert, roberta, mpnet, distilbert, modernbert, wrapped, own]


@pytest.mark.parametrize("build", BUILDERS)
def test_every_parameter_has_one_place(build: Callable[[], nn.Module]) -> None:
    network = build()
    layers = layers_of(network)
    names = [*layers.embeddings, *(name for layer in layers.layers for name in layer), *layers.rest]
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())
    assert len(layers.layers) == 3
    for number, layer in enumerate(layers.layers):
        assert layer
        assert all(f".{number}." in name for name in layer)
    assert layers.embeddings
    assert all("embed" in name or name.startswith("words") for name in layers.embeddings)


@pytest.mark.parametrize(
    ("build", "part"), [(bert, "pooler"), (roberta, "pooler"), (modernbert, "final_norm"), (own, "outlets")]
)
def test_what_stands_above_the_layers_is_the_rest(build: Callable[[], nn.Module], part: str) -> None:
    assert all(part in name for name in layers_of(build()).rest)


def learning(network: nn.Module) -> set[str]:
    return {name for name, parameter in network.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("build", BUILDERS)
def test_freezing_keeps_the_last_layers_and_what_is_above(build: Callable[[], nn.Module]) -> None:
    network = build()
    layers = layers_of(network)
    everything = learning(network)
    freeze(network, keep_last=0)
    assert learning(network) == set()
    freeze(network, keep_last=2)
    assert learning(network) == {*layers.layers[1], *layers.layers[2], *layers.rest}
    freeze(network, keep_last=3)
    assert learning(network) == everything - set(layers.embeddings)
    freeze(network, keep_last=None)
    assert learning(network) == everything
    with pytest.raises(InputError, match="has 3"):
        freeze(network, keep_last=4)


def test_a_network_without_layers_can_be_frozen_whole_only() -> None:
    network = nn.Linear(2, 2)
    freeze(network, keep_last=0)
    assert learning(network) == set()
    with pytest.raises(InputError, match="No list of transformer layers"):
        freeze(network, keep_last=1)


@pytest.mark.parametrize(("mode", "keep_last"), [("none", None), ("all", 0), ("all_but_last:2", 2)])
def test_modes_are_read(mode: str, keep_last: int | None) -> None:
    assert parse_freeze(mode) == keep_last


@pytest.mark.parametrize("mode", ["", "ALL", "all_but_last", "all_but_last:0", "all_but_last:x", "all_but_last:1 "])
def test_other_modes_are_refused(mode: str) -> None:
    with pytest.raises(InputError, match="all_but_last:n"):
        parse_freeze(mode)


def test_a_frozen_encoder_gives_the_same_vectors_twice() -> None:
    network = bert().train()
    words = torch.tensor([[1, 2, 3]])
    assert not torch.equal(network(words).last_hidden_state, network(words).last_hidden_state)
    freeze(network, keep_last=0)
    rest_if_frozen(network)
    assert torch.equal(network(words).last_hidden_state, network(words).last_hidden_state)
    freeze(network, keep_last=1)
    rest_if_frozen(network)
    assert network.training


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.entry = nn.Linear(5, 4)
        self.layer = nn.ModuleList([nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.3)) for _ in range(2)])
        self.norm = nn.LayerNorm(4)

    def forward(self, inputs: Tensor) -> Tensor:
        states = self.entry(inputs)
        for layer in self.layer:
            states = states + layer(states)
        return self.norm(states)


class StackModule(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.network = Stack()
        self.heads = nn.Linear(4, 2)
        self.seen: list[tuple[int, bool, int]] = []

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        self.seen.append((self.global_step, self.network.training, len(learning(self.network))))
        loss = nn.functional.cross_entropy(self.heads(self.network(batch[0])), batch[1])
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        self.log("val_loss", nn.functional.cross_entropy(self.heads(self.network(batch[0])), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = parameter_groups(self.network, self.heads, encoder_lr=0.02, head_lr=0.05, layer_decay=0.5)
        return torch.optim.AdamW(groups)


def thaw(folder: Path, *, unit: Any, every: int, step: int | None, resume: bool) -> tuple[StackModule, pl.Trainer]:
    torch.manual_seed(99 if resume else 7)
    module = StackModule()
    extra = [GradualUnfreezing(module.network, every=every, unit=unit)]
    interruption = [] if step is None else [InterruptAt("on_train_batch_start", step, RuntimeError)]
    trainer = trainer_of(folder, MemoryLogger(), *extra, *interruption, patience=99, max_epochs=4)
    path = folder / "last.ckpt" if resume else None
    if step is None:
        trainer.fit(module, ToyLoader(), FixedLoader(), ckpt_path=path)
    else:
        with pytest.raises(RuntimeError, match="interrupted"):
            trainer.fit(module, ToyLoader(), FixedLoader(), ckpt_path=path)
    return module, trainer


@pytest.mark.parametrize(("unit", "every", "step"), [("epoch", 1, 13), ("step", 5, 9)])
def test_layers_thaw_from_the_top_and_a_resumed_training_goes_on_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str, every: int, step: int
) -> None:
    monkeypatch.setattr("os.fsync", lambda _handle: None)
    whole, trainer = thaw(tmp_path / "whole", unit=unit, every=every, step=None, resume=False)
    pace = every * 6 if unit == "epoch" else every
    # per stage: nothing; the top block and the norm; the lower block; the entry
    sizes = [0, 4, 6, 8]
    assert whole.seen == [
        (number, number >= pace, sizes[min(number // pace, 3)]) for number in range(trainer.global_step)
    ]
    thaw(tmp_path / "part", unit=unit, every=every, step=step, resume=False)
    resumed, again = thaw(tmp_path / "part", unit=unit, every=every, step=None, resume=True)
    assert resumed.seen == whole.seen[step:]
    assert all(torch.equal(value, resumed.state_dict()[name]) for name, value in whole.state_dict().items())
    before, after = (one.optimizers[0].state_dict() for one in (trainer, again))
    assert before["param_groups"] == after["param_groups"]
    assert before["state"].keys() == after["state"].keys()


def test_nothing_frozen_moves(tmp_path: Path) -> None:
    torch.manual_seed(7)
    module = StackModule()
    start = {name: value.clone() for name, value in module.state_dict().items()}
    callback = GradualUnfreezing(module.network, every=100, start=1)
    trainer_of(tmp_path, MemoryLogger(), callback, max_epochs=1).fit(module, ToyLoader(), FixedLoader())
    moved = {name for name, value in module.state_dict().items() if not torch.equal(value, start[name])}
    assert moved == {"heads.weight", "heads.bias", "network.norm.weight", "network.norm.bias"} | {
        f"network.layer.1.0.{name}" for name in ("weight", "bias")
    }
    assert callback.stage == 1
    saved = SafeCheckpointIO().load_checkpoint(tmp_path / "last.ckpt")["callbacks"][callback.state_key]
    with pytest.raises(ArtifactError, match="another pace"):
        GradualUnfreezing(module.network, every=2, start=1).load_state_dict(saved)


@pytest.mark.parametrize("options", [{"every": 0}, {"start": 4}, {"start": -1}])
def test_impossible_paces_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="between 0 and 3"):
        GradualUnfreezing(Stack(), **options)
