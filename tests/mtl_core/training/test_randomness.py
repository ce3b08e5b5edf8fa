"""Generators go on where they were."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from torch import distributed

from mtl_core.training.randomness import collect_random_state, gather_random_states, restore_random_state
from mtl_core.training.typed_json import pack, unpack


def draw() -> tuple[list[float], list[float], list[float]]:
    return (
        torch.randn(3).tolist(),
        np.random.normal(size=3).tolist(),  # noqa: NPY002
        [random.gauss(0, 1) for _ in range(3)],
    )


def test_all_three_generators_repeat_what_they_gave() -> None:
    draw()
    state = collect_random_state()
    first = draw()
    assert draw() != first
    restore_random_state(unpack(*pack(state)))
    assert draw() == first


def test_one_process_alone_and_one_of_a_group_gather_their_state(tmp_path: Path) -> None:
    torch.manual_seed(3)
    alone = gather_random_states()
    distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        together = gather_random_states()
    finally:
        distributed.destroy_process_group()
    assert len(alone) == len(together) == 1
    assert torch.equal(together[0]["torch"], torch.Generator().manual_seed(3).get_state())
    assert together[0]["python"] == alone[0]["python"]
