"""The branch: copies of the upper layers, their rounding, and the pass of the encoder that feeds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl_core.branch import EncoderBranch
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from mtl_core.tuned_layers import copied_layers

TEXTS = ["Pupils write two sentences.", "plan", "Ask: why does the ice melt before the wax does? " * 6, ""]


def plain_branch(encoder: SharedEncoder, count: int) -> EncoderBranch:
    return EncoderBranch(copied_layers(encoder, count), tap=encoder.layer_count - 1 - count).eval()


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("count", [1, 2, 6])
def test_copies_that_were_not_tuned_give_the_encoders_own_vectors(encoder: SharedEncoder, count: int) -> None:
    read = encoder.encode(TEXTS, branch=plain_branch(encoder, count))
    assert read.branch is not None
    np.testing.assert_allclose(unit(read.branch), read.vectors, atol=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_encoders_of_both_shapes_can_be_copied(
    build_tiny: Callable[..., Path], tmp_path: Path, architecture: str
) -> None:
    encoder = SharedEncoder.load(build_tiny(tmp_path, architecture), precision="float32")
    read = encoder.encode(["plan", "lesson plan for a class"], branch=plain_branch(encoder, 2))
    assert read.branch is not None
    np.testing.assert_allclose(unit(read.branch), read.vectors, atol=1e-5)


def test_an_encoder_of_another_shape_is_refused(build_tiny: Callable[..., Path], tmp_path: Path) -> None:
    encoder = SharedEncoder.load(build_tiny(tmp_path, "distilbert"), precision="float32")
    with pytest.raises(InputError, match="shape of BERT or RoBERTa"):
        copied_layers(encoder, 1)


@pytest.mark.parametrize("count", [0, 3])
def test_more_layers_than_there_are_is_refused(tiny: SharedEncoder, count: int) -> None:
    with pytest.raises(InputError, match="cannot be copied"):
        copied_layers(tiny, count)


def test_tuning_leaves_the_shared_encoder_alone(tiny: SharedEncoder) -> None:
    before, branch = tiny.encode(TEXTS), plain_branch(tiny, 1)
    fingerprint = SharedEncoder(tiny.sentence_transformer, name="again").fingerprint
    with torch.no_grad():
        for parameter in branch.parameters():
            parameter.add_(0.1)
    after = tiny.encode(TEXTS, branch=branch)
    np.testing.assert_array_equal(after.vectors, before.vectors)
    assert SharedEncoder(tiny.sentence_transformer, name="again").fingerprint == fingerprint
    assert after.branch is not None
    assert np.abs(unit(after.branch) - after.vectors).max() > 0.01


def test_the_order_of_texts_does_not_matter(encoder: SharedEncoder) -> None:
    branch = plain_branch(encoder, 1)
    together, alone = encoder.encode(TEXTS, branch=branch).branch, encoder.encode(TEXTS[:1], branch=branch).branch
    assert together is not None
    assert alone is not None
    np.testing.assert_allclose(together[0], alone[0], atol=1e-4)


def test_eight_bits_keep_the_vectors(encoder: SharedEncoder) -> None:
    branch = plain_branch(encoder, 2)
    again = EncoderBranch.from_rounded(branch.rounded_tensors(), encoder=encoder, count=2)
    exact, rounded = encoder.encode(TEXTS, branch=branch).branch, encoder.encode(TEXTS, branch=again).branch
    assert exact is not None
    assert rounded is not None
    assert (unit(exact) * unit(rounded)).sum(1).min() > 0.998
    sizes = sum(tensor.numel() * tensor.element_size() for tensor in branch.rounded_tensors().values())
    assert sizes < 3_700_000


def test_a_branch_of_another_encoder_is_refused(tiny: SharedEncoder, encoder: SharedEncoder) -> None:
    with pytest.raises(ArtifactError, match="does not fit its encoder"):
        EncoderBranch.from_rounded(plain_branch(tiny, 1).rounded_tensors(), encoder=encoder, count=1)


def test_nothing_is_encoded_for_no_text(tiny: SharedEncoder) -> None:
    read = tiny.encode([], branch=plain_branch(tiny, 1))
    assert read.branch is not None
    assert read.branch.shape == (0, 32)
