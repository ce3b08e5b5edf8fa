"""Random conversations for the rules."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.rule_checks_more import CHECKS
from benchmarks.rule_walk import Action, walk
from benchmarks.rule_world import RuleWorld

Holds = Callable[[int, int, list[Action]], None]


@pytest.fixture(scope="session")
def world() -> RuleWorld:
    return RuleWorld()


@pytest.fixture(scope="session")
def holds(world: RuleWorld) -> Holds:
    """Hold a conversation and see whether one rule was kept."""

    def check(rule: int, plan: int, actions: list[Action]) -> None:
        record = walk(world, plan, actions)
        assert record.problems == []
        assert list(CHECKS[rule](record)) == []

    return check
