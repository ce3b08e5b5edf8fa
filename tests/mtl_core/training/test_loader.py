"""Batches for training: planned, made once, resumable, shared between processes."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.data.sampling import BatchPlan
from mtl_core.encoder import SharedEncoder
from mtl_core.model import MultiTaskModel
from mtl_core.training.loader import BatchLoader, BatchMaker, LabelledBatch
from mtl_core.training.resume import ResumableLoader
from tests.mtl_core.small_models import small_model

EXAMPLES = {
    "one": [
        Example(text="plan the lesson", labels={"weather": "yes", "topic": "plan"}),
        Example(text="write", labels={"weather": "no"}),
        Example(text="three sums on a card", labels={"topic": "new"}),
    ],
    "two": [
        Example(text="a card", words=("a", "card"), labels={"spans": ("O", "B-key")}),
        Example(text="sums", words=("sums",), labels={}, soft={"things": (0.1, 0.2, 0.3)}),
    ],
}


@pytest.fixture(scope="module")
def model(tiny: SharedEncoder) -> MultiTaskModel:
    return small_model(tiny)


@pytest.fixture(scope="module")
def maker(model: MultiTaskModel) -> BatchMaker:
    return BatchMaker(model, EXAMPLES)


def test_a_batch_has_the_targets_that_its_data_set_can_have(maker: BatchMaker) -> None:
    one, two = maker("one", [2, 0]), maker("two", [0, 1])
    assert set(one.targets) == {"weather", "topic"}
    assert set(two.targets) == {"spans", "things"}
    assert [example.text for example in one.examples] == ["three sums on a card", "plan the lesson"]
    # a label that the task does not know teaches nothing
    assert one.targets["topic"].known.tolist() == [False, True]
    assert one.targets["weather"].known.tolist() == [False, True]
    assert two.targets["spans"].known.tolist() == [[True, True], [False, False]]
    assert two.targets["things"].taught.tolist() == [False, True]
    assert one.examples[0].labels == {"topic": "new"}


def test_lengths_are_those_of_the_padded_rows(maker: BatchMaker) -> None:
    assert maker.lengths == {"one": [5, 3, 7], "two": [4, 3]}
    assert maker("one", [0, 1]).text.input_ids.shape == (2, 5)


def numbers(batches: Sequence[LabelledBatch]) -> list[tuple[str, list[str]]]:
    return [(batch.dataset, [example.text for example in batch.examples]) for batch in batches]


def loader_of(maker: BatchMaker, **share: int) -> BatchLoader:
    return BatchLoader(BatchPlan(maker.lengths, 2, seed=3), maker, **share)


def test_every_epoch_is_whole_and_ordered_by_the_seed(maker: BatchMaker) -> None:
    loader, twin = loader_of(maker), loader_of(maker)
    torch.manual_seed(1)
    first = [numbers(list(loader)) for _ in range(3)]
    torch.manual_seed(2)
    assert first == [numbers(list(twin)) for _ in range(3)]
    everything = sorted(example.text for part in EXAMPLES.values() for example in part)
    for epoch in first:
        assert sorted(text for _, texts in epoch for text in texts) == everything
        assert len(epoch) == len(loader)


@settings(deadline=None, max_examples=20)
@given(epochs=st.integers(0, 2), taken=st.integers(0, 3))
def test_a_loader_goes_on_where_another_stood(maker: BatchMaker, epochs: int, taken: int) -> None:
    whole = loader_of(maker)
    assert isinstance(whole, ResumableLoader)
    for _ in range(epochs):
        list(whole)
    batches = iter(whole)
    for _ in range(taken):
        next(batches)
    state = whole.state_dict()
    resumed = loader_of(maker)
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    rest = numbers(list(batches))
    # the rest of the epoch; or, where none is left, the next one
    assert numbers(list(resumed)) == (rest or numbers(list(whole)))
    assert numbers(list(resumed)) == numbers(list(whole))


@pytest.mark.parametrize("world", [2, 3])
def test_processes_share_every_batch_without_counting_a_row_twice(maker: BatchMaker, world: int) -> None:
    whole = list(loader_of(maker))
    parts = [list(loader_of(maker, rank=rank, world_size=world)) for rank in range(world)]
    for number, batch in enumerate(whole):
        shares = [part[number] for part in parts]
        # each process takes every step, so it always has something to read
        assert all(share.examples for share in shares)
        assert {share.dataset for share in shares} == {batch.dataset}
        assert all(set(share.targets) == set(batch.targets) for share in shares)
        for name, targets in batch.targets.items():
            assert sum(int(share.targets[name].known.sum()) for share in shares) == int(targets.known.sum())
            if targets.taught is not None:
                assert sum(int(_taught(share, name)) for share in shares) == int(targets.taught.sum())


def _taught(share: LabelledBatch, name: str) -> int:
    taught = share.targets[name].taught
    return 0 if taught is None else int(taught.sum())


def test_rows_go_round_the_processes(maker: BatchMaker) -> None:
    plan = BatchPlan({"one": [1, 1, 1]}, 3, seed=0)
    whole = plan.epoch(0)[0].rows
    shares = [next(iter(BatchLoader(plan, maker, rank=rank, world_size=2))) for rank in (0, 1)]
    texts = [EXAMPLES["one"][row].text for row in whole]
    assert [[example.text for example in share.examples] for share in shares] == [texts[0::2], texts[1::2]]


def test_the_maker_reads_each_text_once(model: MultiTaskModel, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = model.tokenise
    monkeypatch.setattr(model, "tokenise", lambda examples: read.append(len(examples)) or real(examples))
    maker = BatchMaker(model, EXAMPLES)
    source = random.Random(0)
    for _ in range(4):
        maker("one", [source.randrange(3)])
    assert read == [3, 2]
