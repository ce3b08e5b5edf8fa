"""Heads over the shared encoder."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.heads import OTHERS_SHARE, Cues, EvidenceHead, smooth_maximum

FEATURES, BUCKETS, MEASURES = 5, 16, 3

SEEDS = st.integers(0, 2**31)
LENGTHS = st.lists(st.integers(1, 6), min_size=1, max_size=4)
TOPS = st.integers(1, 5)


def make_head(seed: int, *, top: int = 3) -> EvidenceHead:
    torch.manual_seed(seed)
    return EvidenceHead(features=FEATURES, buckets=BUCKETS, measures=MEASURES, top=top)


def make_input(seed: int, segments: int) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
    """Features, and the cues of each segment: buckets and values."""
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(segments, FEATURES, generator=generator)
    rows = []
    for _ in range(segments):
        count = int(torch.randint(0, 4, (1,), generator=generator))
        buckets = torch.randint(0, BUCKETS, (count,), generator=generator)
        rows.append((buckets, torch.rand(count, generator=generator)))
    return features, rows


def pack(rows: list[tuple[torch.Tensor, torch.Tensor]]) -> Cues:
    offsets = torch.tensor([0, *(len(buckets) for buckets, _ in rows)]).cumsum(0)
    none = (torch.zeros(0, dtype=torch.long), torch.zeros(0))
    buckets, values = zip(none, *rows, strict=True)
    return Cues(offsets, torch.cat(buckets), torch.cat(values))


@settings(deadline=None)
@given(SEEDS, LENGTHS, TOPS)
def test_weights_are_the_share_of_each_segment_in_the_logit(seed: int, lengths: list[int], top: int) -> None:
    features, rows = make_input(seed, sum(lengths))
    output = make_head(seed, top=top)(features, pack(rows), torch.tensor(lengths))
    assert output.logits.shape == (len(lengths), MEASURES)
    assert output.scores.shape == output.weights.shape == (sum(lengths), MEASURES)
    start = 0
    for document, length in enumerate(lengths):
        inside = slice(start, start + length)
        weights, scores = output.weights[inside], output.scores[inside]
        torch.testing.assert_close(weights.sum(0), torch.ones(MEASURES))
        assert (weights >= 0).all()
        assert ((weights > 0).sum(0) == min(top, length)).all()
        best = scores.sort(0, descending=True).values[: min(top, length)]
        torch.testing.assert_close(output.logits[document], (2 * best).exp().sum(0).log() / 2)
        # the attention is what a small change of each score does to the logit
        moved = scores.detach().requires_grad_()
        smooth_maximum(moved, top=top).sum().backward()
        torch.testing.assert_close(moved.grad, weights)
        start += length


@given(SEEDS, LENGTHS)
def test_scores_from_elsewhere_are_pooled_apart_and_quoted_together(seed: int, lengths: list[int]) -> None:
    head, (features, rows) = make_head(seed), make_input(seed, sum(lengths))
    others = torch.randn(sum(lengths), MEASURES, generator=torch.Generator().manual_seed(seed))
    alone = head(features, pack(rows), torch.tensor(lengths))
    both = head(features, pack(rows), torch.tensor(lengths), None, others)
    torch.testing.assert_close(both.own, alone.scores)
    torch.testing.assert_close(both.scores, alone.scores + others)
    added = [smooth_maximum(part, top=3) for part in torch.split(others, lengths)]
    torch.testing.assert_close(both.logits, alone.logits + OTHERS_SHARE * torch.stack(added))
    # the attention is that over the sum
    first = both.scores[: lengths[0]]
    assert torch.equal(both.weights[: lengths[0]].argmax(0), first.argmax(0))


@settings(deadline=None)
@given(SEEDS, st.integers(1, 6).flatmap(lambda n: st.permutations(range(n))))
def test_the_order_of_segments_moves_weights_and_leaves_logits(seed: int, order: list[int]) -> None:
    head, (features, rows) = make_head(seed), make_input(seed, len(order))
    length = torch.tensor([len(order)])
    straight = head(features, pack(rows), length)
    shuffled = head(features[order], pack([rows[row] for row in order]), length)
    torch.testing.assert_close(shuffled.weights, straight.weights[order])
    torch.testing.assert_close(shuffled.scores, straight.scores[order])
    torch.testing.assert_close(shuffled.logits, straight.logits)


@settings(deadline=None)
@given(SEEDS, LENGTHS)
def test_documents_do_not_influence_each_other(seed: int, lengths: list[int]) -> None:
    head, (features, rows) = make_head(seed), make_input(seed, sum(lengths))
    together = head(features, pack(rows), torch.tensor(lengths))
    start = 0
    for document, length in enumerate(lengths):
        inside = slice(start, start + length)
        alone = head(features[inside], pack(rows[inside]), torch.tensor([length]))
        torch.testing.assert_close(together.logits[document], alone.logits[0])
        torch.testing.assert_close(together.weights[inside], alone.weights)
        start += length


@settings(deadline=None)
@given(SEEDS)
def test_a_score_is_linear_in_features_and_cues(seed: int) -> None:
    head, (features, rows) = make_head(seed), make_input(seed, 4)
    scores = head.score(features, pack(rows))
    for row, (buckets, values) in enumerate(rows):
        words = (head.cues.weight[buckets] * values[:, None]).sum(0)
        expected = head.features.weight @ features[row] + head.features.bias + words
        torch.testing.assert_close(scores[row], expected)


def test_ties_go_to_the_earlier_segment() -> None:
    head, cues = make_head(0, top=2), pack([(torch.zeros(0, dtype=torch.long), torch.zeros(0))] * 4)
    weights = head(torch.ones(4, FEATURES), cues, torch.tensor([4])).weights
    torch.testing.assert_close(weights, torch.tensor([0.5, 0.5, 0.0, 0.0])[:, None].expand(-1, MEASURES))


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=20), TOPS)
def test_a_smooth_maximum_lies_little_above_the_best_score(scores: list[float], top: int) -> None:
    pooled = float(smooth_maximum(torch.tensor(scores)[:, None], top=top)[0])
    assert max(scores) - 1e-4 <= pooled <= max(scores) + math.log(min(top, len(scores))) / 2 + 1e-4


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=20), st.floats(-20, 20), TOPS)
def test_one_more_segment_never_lowers_a_judgement(scores: list[float], more: float, top: int) -> None:
    before = smooth_maximum(torch.tensor(scores)[:, None], top=top)
    after = smooth_maximum(torch.tensor([*scores, more])[:, None], top=top)
    assert float(after[0]) >= float(before[0]) - 1e-4


@pytest.mark.parametrize("lengths", [[3], [5], [4, 1], [4, 0], [5, -1], []])
def test_lengths_that_do_not_fit_are_refused(lengths: list[int]) -> None:
    features, rows = make_input(0, 4)
    with pytest.raises(InputError, match="lengths must add up"):
        make_head(0)(features, pack(rows), torch.tensor(lengths, dtype=torch.long))


def test_no_document_gives_no_logit() -> None:
    output = make_head(0)(torch.zeros(0, FEATURES), pack([]), torch.zeros(0, dtype=torch.long))
    assert output.logits.shape == output.scores.shape == output.weights.shape == (0, MEASURES)


def test_gradients_reach_every_parameter() -> None:
    head, (features, _) = make_head(1), make_input(1, BUCKETS)
    rows = [(torch.tensor([bucket]), torch.ones(1)) for bucket in range(BUCKETS)]
    head.top = BUCKETS
    head(features, pack(rows), torch.tensor([BUCKETS])).logits.sum().backward()
    assert {name for name, _ in head.named_parameters()} == {"features.weight", "features.bias", "cues.weight"}
    assert all(parameter.grad is not None and bool((parameter.grad != 0).all()) for parameter in head.parameters())


def test_gradients_reach_only_the_segments_that_decide() -> None:
    head, (features, rows) = make_head(2, top=1), make_input(2, 5)
    features.requires_grad_()
    output = head(features, pack(rows), torch.tensor([5]))
    output.logits[0, 0].backward()
    touched = features.grad.abs().sum(1) > 0
    torch.testing.assert_close(touched, output.weights[:, 0] > 0)


@settings(deadline=None)
@given(SEEDS, LENGTHS, TOPS)
def test_a_branch_pools_apart_and_adds_up(seed: int, lengths: list[int], top: int) -> None:
    features, rows = make_input(seed, sum(lengths))
    plain = make_head(seed, top=top)
    torch.manual_seed(seed)
    both = EvidenceHead(features=FEATURES, buckets=BUCKETS, measures=MEASURES, top=top, branch=4)
    both.features.load_state_dict(plain.features.state_dict())
    both.cues.load_state_dict(plain.cues.state_dict())
    own = torch.randn(sum(lengths), 4, generator=torch.Generator().manual_seed(seed))
    alone, output = (
        plain(features, pack(rows), torch.tensor(lengths)),
        both(features, pack(rows), torch.tensor(lengths), own),
    )
    assert both.branch is not None
    scores = both.branch(own)
    for row, (part, first) in enumerate(zip(torch.split(scores, lengths), alone.logits, strict=True)):
        torch.testing.assert_close(output.logits[row], first + smooth_maximum(part, top=top))
    torch.testing.assert_close(output.scores, alone.scores + scores)


def test_features_of_a_branch_are_needed_where_there_is_one_and_nowhere_else() -> None:
    features, rows = make_input(0, 2)
    with pytest.raises(InputError, match="branch"):
        make_head(0)(features, pack(rows), torch.tensor([2]), torch.zeros(2, 4))
    both = EvidenceHead(features=FEATURES, buckets=BUCKETS, measures=MEASURES, branch=4)
    with pytest.raises(InputError, match="branch"):
        both(features, pack(rows), torch.tensor([2]))
