"""Any course of changes to an event log, beside a dictionary."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from log_conformance import DAY, NOW

from chatbot.store.base import ConflictError, EventLog, NotFoundError, OwnerSettings

owners = st.sampled_from(["ada", "bob", "o'neil", "ünï"])
names = st.sampled_from(["t1", "t2", "t3", "with space", "quote'\""])
numbers = st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=6,
)
events = st.lists(st.dictionaries(st.text(), values, max_size=3), max_size=3)
choices = st.builds(OwnerSettings, st.booleans(), st.booleans(), st.sampled_from([None, 1, 3, 400]))


class LogMachine(RuleBasedStateMachine):
    """Any course of changes beside a dictionary. Subclasses set ``make`` and ``reopen``."""

    def make(self) -> EventLog:
        raise NotImplementedError

    def reopen(self) -> EventLog:
        raise NotImplementedError

    def __init__(self) -> None:
        super().__init__()
        self.owner: dict[str, str] = {}
        self.kept: dict[str, list[tuple[dict, bool]]] = {}
        self.changed: dict[str, datetime] = {}
        self.chosen: dict[str, OwnerSettings] = {}
        self.now = NOW
        self.log = self.make()

    def teardown(self) -> None:
        self.log.close()

    def drop(self, gone: list[str]) -> None:
        for name in gone:
            del self.owner[name], self.kept[name], self.changed[name]

    @rule(name=names, owner=owners)
    def create(self, name, owner) -> None:
        if name in self.owner:
            with pytest.raises(ConflictError):
                self.log.create_thread(name, owner=owner, title="t", at=self.now)
            return
        self.log.create_thread(name, owner=owner, title="t", at=self.now)
        self.owner[name], self.kept[name], self.changed[name] = owner, [], self.now

    @rule(name=names, new=events, behind=st.sampled_from([0, 0, 0, 1]), consented=st.booleans())
    def append(self, name, new, behind, consented) -> None:
        expected = len(self.kept.get(name, [])) + behind
        if name not in self.owner or behind:
            with pytest.raises(ConflictError if name in self.owner else NotFoundError):
                self.log.append(name, new, expected=expected, at=self.now, consented=consented)
            return
        last = self.log.append(name, new, expected=expected, at=self.now, consented=consented)
        self.kept[name] += [(event, consented) for event in new]
        self.changed[name] = self.now
        assert last == len(self.kept[name])

    @rule(name=names)
    def delete(self, name) -> None:
        assert self.log.delete_thread(name) == (name in self.owner)
        self.drop([name] if name in self.owner else [])

    @rule(owner=owners)
    def forget(self, owner) -> None:
        gone = [name for name, one in self.owner.items() if one == owner]
        assert self.log.delete_owner(owner) == len(gone)
        self.drop(gone)
        self.chosen.pop(owner, None)

    @rule(owner=owners, settings=choices)
    def choose(self, owner, settings) -> None:
        self.log.change_settings(owner, settings)
        self.chosen[owner] = settings
        if not settings.keep_labels:
            for name in (name for name, one in self.owner.items() if one == owner):
                self.kept[name] = [(event, False) for event, _ in self.kept[name]]

    @rule(days=st.sampled_from([1, 2, 300]))
    def time_passes(self, days) -> None:
        self.now += days * DAY
        limits = {name: self.chosen.get(owner, OwnerSettings()).retention_days for name, owner in self.owner.items()}
        gone = [name for name, at in self.changed.items() if limits[name] and at < self.now - limits[name] * DAY]
        assert self.log.expire(self.now) == len(gone)
        self.drop(gone)

    @rule(days=st.integers(0, 3))
    def purge(self, days) -> None:
        gone = [name for name, at in self.changed.items() if at < self.now - days * DAY]
        assert self.log.purge(self.now - days * DAY) == len(gone)
        self.drop(gone)

    @rule()
    def close_and_reopen(self) -> None:
        self.log.close()
        self.log = self.reopen()

    @invariant()
    def holds_what_was_kept(self) -> None:
        for owner in ("ada", "bob", "o'neil", "ünï"):
            mine = {name for name, one in self.owner.items() if one == owner}
            assert {row.id for row in self.log.threads(owner)} == mine
            assert self.log.settings(owner) == self.chosen.get(owner, OwnerSettings())
        for name, wanted in self.kept.items():
            assert [(event.event, event.consented) for event in self.log.events(name)] == wanted
        consented = {name for name, kept in self.kept.items() if any(flag for _, flag in kept)}
        assert {row.id for row, _ in self.log.consented_threads()} == consented
