"""The head that knows a lesson plan from other text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.plan_features import WORD_BUCKETS, PlanFeatures, join_features
from mtl_core.plan_head import POOLED, PlanHead, pooled_stretches

SIZE = 4


def features(counts: list[int], *, words: int = 140, seed: int = 0) -> PlanFeatures:
    """Random features of documents of so many stretches."""
    generator = np.random.default_rng(seed)
    stretches = sum(counts)
    return PlanFeatures(
        vectors=generator.normal(size=(stretches, SIZE)).astype(np.float32),
        offsets=np.arange(stretches + 1) * 3,
        buckets=generator.integers(0, WORD_BUCKETS, stretches * 3),
        values=generator.random(stretches * 3).astype(np.float32),
        words=np.full(stretches, words),
        counts=np.asarray(counts),
    )


def head(seed: int = 0) -> PlanHead:
    torch.manual_seed(seed)
    return PlanHead(SIZE)


def test_the_best_third_of_the_stretches_decides() -> None:
    logits = np.asarray([1.0, 5.0, -9.0, 3.0, -9.0, -9.0, 2.0], np.float32)
    pooled = pooled_stretches(logits, features([6, 1]))
    assert pooled.shape == (2, POOLED)
    assert pooled[:, 0].tolist() == [4.0, 2.0]
    assert pooled[:, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("words", "short"), [(140, 0.0), (500, 0.0), (70, 1.0), (35, 2.0), (3, 2.0), (0, 2.0)])
def test_a_short_document_is_known_as_short_and_a_long_one_is_not_known_as_long(words: int, short: float) -> None:
    pooled = pooled_stretches(np.zeros(1, np.float32), features([1], words=words))
    assert pooled[0, 1] == pytest.approx(short)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 99))
def test_documents_beside_each_other_are_judged_as_alone(counts: list[int], seed: int) -> None:
    documents = [features([count], seed=seed + number) for number, count in enumerate(counts)]
    judge = head()
    with torch.inference_mode():
        together = judge(join_features(documents))
        alone = torch.cat([judge(document) for document in documents])
    torch.testing.assert_close(together, alone)


def test_a_weak_stretch_more_does_not_change_a_document_of_two() -> None:
    judge = head()
    two = features([2])
    with torch.inference_mode():
        logits = judge.stretch_logits(two).numpy()
        before = pooled_stretches(logits, two)[0, 0]
        after = pooled_stretches(np.r_[logits, np.float32(-50)], features([3]))[0, 0]
    assert before == after == logits.max()


def test_vector_and_words_both_speak() -> None:
    judge, some = head(), features([1])
    with torch.inference_mode():
        both = judge.stretch_logits(some)
        judge.words.weight.zero_()
        vector = judge.stretch_logits(some)
        judge.vectors.weight.zero_()
        nothing = judge.stretch_logits(some)
    assert both != vector
    assert vector != nothing
    assert nothing == judge.vectors.bias


def test_half_precision_keeps_the_judgement() -> None:
    judge, again, some = head(1), head(2), features([1, 4, 9])
    again.load_state_dict({name: tensor.half() for name, tensor in judge.state_dict().items()})
    with torch.inference_mode():
        torch.testing.assert_close(judge(some), again(some), atol=0.02, rtol=0.01)
        assert sum(tensor.numel() for tensor in judge.state_dict().values()) * 2 < 300_000
