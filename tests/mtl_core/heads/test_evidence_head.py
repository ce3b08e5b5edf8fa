"""The evidence head: attention over a document's passages, one a label, whose weights are the evidence."""

from __future__ import annotations

import torch

from mtl_core.data.examples import Example
from mtl_core.heads import Decision, EncoderStates
from tests.mtl_core.small_heads import small_head, states_of

DOCUMENTS = [Example(text="w", labels={}, segments=("p",) * count) for count in (1, 5, 2)]


def test_attention_sums_to_one_over_the_passages_of_each_document() -> None:
    head, states = small_head("evidence"), states_of(DOCUMENTS)
    weights = head.attention(states)
    assert [tuple(part.shape) for part in weights] == [(1, 2), (5, 2), (2, 2)]
    for part in weights:
        torch.testing.assert_close(part.sum(0), torch.ones(2, dtype=torch.float64))


def test_documents_are_judged_apart() -> None:
    head, states = small_head("evidence"), states_of(DOCUMENTS)
    alone = EncoderStates(
        states.tokens[1:6], states.mask[1:6], states.pooled[1:6], states.lengths[1:2], states.words[1:2]
    )
    torch.testing.assert_close(head(states)[1:2], head(alone))


def test_the_logit_is_that_of_the_weighted_mean() -> None:
    head, states = small_head("evidence"), states_of(DOCUMENTS)
    head.eval()
    weights = head.attention(states)[1]
    passages = states.pooled[1:6]
    for label in range(2):
        vector = (weights[:, label, None] * passages).sum(0)
        torch.testing.assert_close(head(states)[1, label], vector @ head.weight[label] + head.bias[label])


def test_the_evidence_is_the_passages_by_falling_attention() -> None:
    head, states = small_head("evidence"), states_of(DOCUMENTS)
    said = head.predict(head(states), Decision(), states)
    weights = head.attention(states)[1]
    for label in range(2):
        order = weights[:, label].argsort(descending=True).tolist()
        assert list(said[1].evidence[label]) == order[:3]
    assert [len(one.evidence[0]) for one in said] == [1, 3, 2]
    assert all(set(one.evidence[0]) <= set(range(count)) for one, count in zip(said, (1, 5, 2), strict=True))


def test_other_heads_see_a_document_as_the_mean_over_its_tokens() -> None:
    states = states_of(DOCUMENTS)
    tokens = states.tokens[1:6][states.mask[1:6].bool()]
    torch.testing.assert_close(states.vectors[1], tokens.mean(0))
    torch.testing.assert_close(states.vectors[0], states.pooled[0])
