"""The states of the global random number generators: PyTorch, NumPy and Python."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import distributed

__all__ = ["collect_random_state", "gather_random_states", "restore_random_state"]


def collect_random_state() -> dict[str, Any]:
    """The state of every global generator of this process.

    Returns:
        State by generator: ``torch``, ``numpy``, ``python``, and ``cuda`` where there is one.
    """
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(legacy=False),  # noqa: NPY002  # libraries draw from the global generator
        "python": random.getstate(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Put every global generator of this process back.

    Args:
        state: What :func:`collect_random_state` gave. A GPU's state is left out where there is no such GPU.
    """
    torch.set_rng_state(state["torch"])
    np.random.set_state(state["numpy"])  # noqa: NPY002  # see above
    random.setstate(state["python"])
    if "cuda" in state and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])


def gather_random_states() -> list[dict[str, Any]]:
    """The states of all processes that train together; every one of them has to call this.

    Returns:
        State by rank; one where there is one process.
    """
    mine = collect_random_state()
    if not (distributed.is_available() and distributed.is_initialized()):
        return [mine]
    states: list[dict[str, Any]] = [{} for _ in range(distributed.get_world_size())]
    distributed.all_gather_object(states, mine)
    return states
