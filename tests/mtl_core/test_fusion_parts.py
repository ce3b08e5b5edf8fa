"""What a fusion is made of: attention, standardised scales, and states that are selected and joined."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.fusion_layers import MemberAttention, Standardise
from mtl_core.fusion_states import EncodedExamples, MemberStates, join_encoded


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**31), st.sampled_from([1e-3, 1.0, 1e3]), st.data())
def test_attention_sums_to_one_over_the_members_that_read(
    members: int, rows: int, seed: int, scale: float, data: st.DataObject
) -> None:
    torch.manual_seed(seed)
    sizes = [2 + number for number in range(members)]
    layer = MemberAttention(sizes, 5)
    torch.nn.init.normal_(layer.context.weight, std=scale)
    read = torch.tensor(
        data.draw(st.lists(st.lists(st.booleans(), min_size=members, max_size=members), min_size=rows, max_size=rows))
    )
    vectors = [scale * torch.randn(rows, size) for size in sizes]
    fused, weights = layer(vectors, read)
    torch.testing.assert_close(weights.sum(1), read.any(1).float())
    assert bool((weights >= 0).all())
    assert not weights[~read].any()
    assert bool(torch.isfinite(fused).all())
    # what a member did not read has no say, whatever stands there
    noisy = [torch.where(read[:, [number]], part, 1e6) for number, part in enumerate(vectors)]
    torch.testing.assert_close(layer(noisy, read)[1], weights)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4)), min_size=1, max_size=6), st.data(), st.integers(1, 3))
def test_selected_and_joined_examples_keep_their_parts(
    counts: list[tuple[int, int]], data: st.DataObject, members: int
) -> None:
    passages, words = (torch.tensor(part) for part in zip(*counts, strict=True))

    def owners(parts: torch.Tensor) -> torch.Tensor:
        return torch.repeat_interleave(torch.arange(len(counts)), parts)[:, None].float()

    states = MemberStates(
        owners(passages), owners(passages)[:, 0], owners(words), torch.ones(int(words.sum()), dtype=torch.bool)
    )
    encoded = EncodedExamples((states,) * members, passages, words)
    rows = data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=1, max_size=8))
    chosen = encoded.select(rows)
    expected = [row for row in rows for _ in range(counts[row][0])]
    assert chosen.members[-1].passages[:, 0].int().tolist() == expected
    assert chosen.members[-1].words[:, 0].int().tolist() == [row for row in rows for _ in range(counts[row][1])]
    joined = join_encoded([encoded.select([row]) for row in rows])
    for ours, theirs in zip(joined.members, chosen.members, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    assert len(joined) == len(rows)


def test_members_of_other_scales_meet_as_equals() -> None:
    vectors = 1000 + 50 * torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    vectors[:, 5] = 3.0
    layer = Standardise(6)
    layer.fit(vectors)
    seen = layer(vectors)
    torch.testing.assert_close(seen[:, :5].std(0, correction=0), torch.ones(5))
    torch.testing.assert_close(seen.mean(0), torch.zeros(6), atol=1e-4, rtol=0)
    # a feature that never moved in training does not explode when it does
    assert float(layer(vectors[:1] + 1.0)[0, 5]) < 1
