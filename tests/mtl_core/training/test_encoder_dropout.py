"""Dropout inside an encoder: set for every kind of layer, and taken from the config of a training."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    ModernBertConfig,
    ModernBertModel,
    RobertaConfig,
    RobertaModel,
)

from mtl_core.encoder import SharedEncoder
from mtl_core.saved_model import load_model, save_model
from mtl_core.training.encoder_dropout import drop_in_training, set_dropout
from mtl_core.training.fit import build_model
from mtl_core.training.prepare import prepare
from tests.mtl_core.training.small_runs import config_of

SIZES = {
    "vocab_size": 20,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 0,
}
NETWORKS = {
    "bert": lambda: BertModel(BertConfig(**SIZES)),
    "roberta": lambda: RobertaModel(RobertaConfig(**SIZES)),
    "distilbert": lambda: DistilBertModel(
        DistilBertConfig(vocab_size=20, dim=16, n_layers=2, n_heads=2, hidden_dim=32, pad_token_id=0)
    ),
    "modernbert": lambda: ModernBertModel(ModernBertConfig(**SIZES, attention_dropout=0.1, mlp_dropout=0.1)),
}


def differ(network: nn.Module) -> bool:
    """Whether two passes in training mode differ."""
    ids = torch.arange(1, 13).reshape(2, 6)
    network.train()
    with torch.no_grad():
        first, second = (network(input_ids=ids, attention_mask=torch.ones_like(ids))[0] for _ in range(2))
    return not torch.equal(first, second)


def dropouts(network: nn.Module) -> set[float]:
    return {module.p for module in network.modules() if isinstance(module, nn.Dropout)}


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_dropped_at_zero_and_something_above(name: str) -> None:
    network = NETWORKS[name]()
    assert differ(network)
    set_dropout(network, 0.0)
    assert not differ(network)
    set_dropout(network, 0.3)
    assert differ(network)


def test_a_plain_number_that_attention_is_handed_is_set_alone() -> None:
    network = NETWORKS["modernbert"]()
    set_dropout(network, 0.0)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    set_dropout(network.layers[0].attn, 0.5)
    assert differ(network)


def gradients(encoder: SharedEncoder) -> dict[str, torch.Tensor]:
    network = encoder.network.train()
    ids = torch.tensor([[2, 7, 8, 9, 3], [2, 7, 3, 0, 0]])
    mask = (ids > 0).long()
    state = network(input_ids=ids, attention_mask=mask).last_hidden_state
    (state * mask[..., None]).pow(3).sum().backward()
    return {name: part.grad for name, part in network.named_parameters() if part.grad is not None}


def test_plain_attention_gives_the_same_gradients(small_encoder: Path) -> None:
    found = []
    for implementation in ("sdpa", "eager"):
        encoder = SharedEncoder.load(small_encoder, precision="float32")
        encoder.network.set_attn_implementation("sdpa")
        drop_in_training(encoder, 0.0) if implementation == "eager" else set_dropout(encoder.network, 0.0)
        assert encoder.network.config._attn_implementation == implementation
        found.append(gradients(encoder))
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("share", "tokens"), [(0.1, 16), (0.0, 200)])
def test_attention_stays_as_it_is_with_dropout_and_for_long_texts(
    small_encoder: Path, share: float, tokens: int
) -> None:
    encoder = SharedEncoder.load(small_encoder)
    encoder._transformer.max_seq_length = tokens
    before = encoder.network.config._attn_implementation
    drop_in_training(encoder, share)
    assert encoder.network.config._attn_implementation == before != "eager"


def test_a_training_takes_it_from_its_config_and_a_saved_model_does_not(
    small_data: Path, small_encoder: Path, tmp_path: Path
) -> None:
    shares = {}
    for dropout in (None, 0.0):
        config = config_of(small_data, tmp_path / "out", small_encoder, encoder={"dropout": dropout})
        model, _ = build_model(config, prepare(config))
        shares[dropout] = dropouts(model.network)
    assert shares == {None: {0.1}, 0.0: {0.0}}
    save_model(model, tmp_path / "saved")
    again = load_model(tmp_path / "saved").network
    assert dropouts(again) == {0.1}
    assert again.config._attn_implementation != "eager"
