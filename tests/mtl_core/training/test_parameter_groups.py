"""Every parameter that learns is in one group, with the rate of its depth."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from mtl_core.errors import InputError
from mtl_core.training.freezing import freeze
from mtl_core.training.parameter_groups import ParameterGroup, parameter_groups

LAYERS = 3


def encoder(kind: str) -> nn.Module:
    if kind == "distilbert":
        return DistilBertModel(DistilBertConfig(vocab_size=20, dim=8, n_layers=LAYERS, n_heads=2, hidden_dim=8))
    sizes = {"hidden_size": 8, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": 8}
    return BertModel(BertConfig(vocab_size=20, **sizes))


def heads() -> nn.Module:
    return nn.ModuleDict(
        {"one": nn.Linear(8, 1), "norm": nn.LayerNorm((2, 8)), "weights": nn.ParameterList([torch.zeros(3)])}
    )


def by_name(groups: list[ParameterGroup]) -> dict[str, tuple[nn.Parameter, ParameterGroup]]:
    return {
        name: (parameter, group)
        for group in groups
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
    }


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["bert", "distilbert"]),
    st.sampled_from([None, 0, 1, LAYERS]),
    st.floats(0.1, 1.0),
    st.floats(0, 0.5),
    st.sets(st.integers(0, 60)),
)
def test_every_learning_parameter_is_in_exactly_one_group(
    kind: str, keep_last: int | None, layer_decay: float, weight_decay: float, frozen: set[int]
) -> None:
    network, top = encoder(kind), heads()
    freeze(network, keep_last=keep_last)
    for number, parameter in enumerate(network.parameters()):
        if number in frozen:
            parameter.requires_grad_(False)
    groups = parameter_groups(
        network, top, encoder_lr=1e-3, head_lr=1e-2, layer_decay=layer_decay, weight_decay=weight_decay
    )
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    learning = [id(part) for part in (*network.parameters(), *top.parameters()) if part.requires_grad]
    assert sorted(grouped) == sorted(learning)
    assert all(group["params"] and len(group["params"]) == len(group["param_names"]) for group in groups)
    assert len({group["name"] for group in groups}) == len(groups)
    torch.optim.AdamW(groups)


def test_rates_fall_from_the_top_to_the_embeddings() -> None:
    groups = parameter_groups(encoder("bert"), heads(), encoder_lr=1e-3, head_lr=1e-2, layer_decay=0.5)
    rates = {group["name"].removesuffix("/no_decay"): group["lr"] for group in groups}
    assert rates == {
        "embeddings": 1e-3 / 8,
        "layer.0": 1e-3 / 4,
        "layer.1": 1e-3 / 2,
        "layer.2": 1e-3,
        "encoder": 1e-3,
        "heads": 1e-2,
    }
    places = by_name(groups)
    assert places["network.encoder.layer.1.output.dense.weight"][1]["name"] == "layer.1"
    assert places["network.pooler.dense.bias"][1]["name"] == "encoder/no_decay"


def test_biases_norms_and_vectors_do_not_decay() -> None:
    groups = parameter_groups(encoder("bert"), heads(), encoder_lr=1e-3, head_lr=1e-2, weight_decay=0.1)
    for name, (parameter, group) in by_name(groups).items():
        decays = not (name.endswith("bias") or "norm" in name.lower() or parameter.ndim < 2)
        assert group["weight_decay"] == (0.1 if decays else 0.0), name
    assert {group["weight_decay"] for group in groups} == {0.0, 0.1}


def test_a_parameter_that_heads_share_with_the_encoder_is_the_encoders() -> None:
    network, top = encoder("bert"), nn.Linear(8, 20)
    top.weight = network.get_input_embeddings().weight
    groups = parameter_groups(network, top, encoder_lr=1e-3, head_lr=1e-2)
    owners = [group["name"] for group in groups if any(part is top.weight for part in group["params"])]
    assert owners == ["embeddings"]


def test_a_frozen_encoder_of_any_build_needs_no_layers() -> None:
    network = nn.Linear(2, 2)
    freeze(network, keep_last=0)
    groups = parameter_groups(network, nn.Linear(2, 1), encoder_lr=1e-3, head_lr=1e-2)
    assert [group["name"] for group in groups] == ["heads", "heads/no_decay"]


def test_useless_settings_are_refused() -> None:
    network = encoder("bert")
    for options in ({"encoder_lr": 0.0}, {"head_lr": -1.0}, {"layer_decay": 1.1}, {"weight_decay": -0.1}):
        with pytest.raises(InputError, match="layer_decay in"):
            parameter_groups(network, heads(), **{"encoder_lr": 1.0, "head_lr": 1.0, **options})
    freeze(network, keep_last=0)
    with pytest.raises(InputError, match="Nothing learns"):
        parameter_groups(network, nn.Identity(), encoder_lr=1.0, head_lr=1.0)
