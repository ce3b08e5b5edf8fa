"""What every event log must do: one suite and one state machine, beside a dictionary."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chatbot.store.base import ConflictError, EventLog, NotFoundError, OwnerSettings
from mtl_core.errors import InputError

NOW = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)
DAY = timedelta(days=1)
HARD_TEXT = "Ünï – “quoted” 'x' \"y\" \\ \r\n\t\x00\x7f \u2028 😀 \ud800 %s :name"


def begun(log: EventLog, name: str = "t", owner: str = "ada", *, at: datetime = NOW) -> None:
    log.create_thread(name, owner=owner, title="A plan", at=at)
    log.append(name, [{"kind": "plan_read", "text": HARD_TEXT}], expected=0, at=at)


class LogConformance:
    """Subclass it with a fixture ``log`` that gives an empty log, and ``reopen`` that opens it again."""

    def test_what_goes_in_comes_out(self, log) -> None:
        begun(log)
        event = {"kind": "x", "n": [1, 2.5, None, True, {"deep": "é"}], "text": HARD_TEXT}
        assert log.append("t", [event, {}], expected=1, at=NOW + DAY, consented=True) == 3
        first, second, third = log.events("t")
        assert (first.sequence, first.at, first.event["text"], first.consented) == (1, NOW, HARD_TEXT, False)
        assert (second.sequence, second.at, second.event, second.consented) == (2, NOW + DAY, event, True)
        assert third.event == {}
        row = log.thread("t", "ada")
        assert (row.id, row.owner, row.title, row.created, row.changed, row.sequence) == (
            "t", "ada", "A plan", NOW, NOW + DAY, 3,
        )  # fmt: skip

    def test_isinstance_of_the_protocol(self, log) -> None:
        assert isinstance(log, EventLog)

    @pytest.mark.parametrize(("after", "wanted"), [(0, [1, 2]), (1, [2]), (2, []), (10**30, []), (-5, [1, 2])])
    def test_events_after(self, log, after, wanted) -> None:
        begun(log)
        log.append("t", [{}], expected=1, at=NOW)
        assert [event.sequence for event in log.events("t", after=after)] == wanted

    @pytest.mark.parametrize("expected", [0, 2, -1, 10**30])
    def test_who_has_not_seen_the_last_event_adds_none(self, log, expected) -> None:
        begun(log)
        with pytest.raises(ConflictError, match="went on elsewhere"):
            log.append("t", [{"lost": True}], expected=expected, at=NOW)
        assert len(log.events("t")) == 1

    @pytest.mark.parametrize("bad", [{"n": float("nan")}, {"n": float("inf")}, {"n": object()}, ["list"], "text"])
    def test_what_is_no_json_object_is_refused_whole(self, log, bad) -> None:
        begun(log)
        with pytest.raises(InputError, match="Event 2"):
            log.append("t", [{"fine": 1}, bad], expected=1, at=NOW)
        assert log.thread("t", "ada").sequence == 1

    def test_a_thread_is_seen_by_its_owner_alone(self, log) -> None:
        begun(log)
        for name, owner in [("t", "bob"), ("nowhere", "ada"), ("t\0", "ada"), ("t", "\ud800"), ("t", "")]:
            with pytest.raises(NotFoundError):
                log.thread(name, owner)
        with pytest.raises(NotFoundError):
            log.append("nowhere", [{}], expected=0, at=NOW)
        assert log.threads("bob") == []
        assert log.events("nowhere") == []

    @pytest.mark.parametrize(
        ("name", "owner", "title"),
        [("", "a", ""), ("x" * 201, "a", ""), ("a\0", "a", ""), ("a", "", ""), ("a", "\ud800", ""), ("a", "a", "\0")],
    )
    def test_names_that_cannot_be_kept_are_refused(self, log, name, owner, title) -> None:
        with pytest.raises(InputError):
            log.create_thread(name, owner=owner, title=title, at=NOW)
        assert log.threads("a") == []

    def test_an_id_is_given_once(self, log) -> None:
        begun(log)
        with pytest.raises(ConflictError, match="already"):
            log.create_thread("t", owner="bob", title="", at=NOW)
        assert log.thread("t", "ada").sequence == 1

    def test_a_time_needs_its_zone(self, log) -> None:
        with pytest.raises(InputError, match="time zone"):
            log.create_thread("t", owner="ada", title="", at=NOW.replace(tzinfo=None))

    def test_the_thread_that_changed_last_comes_first(self, log) -> None:
        for number, name in enumerate("abc"):
            begun(log, name, at=NOW + number * DAY)
        log.append("a", [{}], expected=1, at=NOW + 9 * DAY)
        assert [row.id for row in log.threads("ada")] == ["a", "c", "b"]

    def test_delete(self, log) -> None:
        begun(log)
        begun(log, "u")
        assert log.delete_thread("t") is True
        assert log.delete_thread("t") is False
        assert log.delete_thread("\0") is False
        assert log.events("t") == []
        assert [row.id for row in log.threads("ada")] == ["u"]

    def test_delete_owner_takes_threads_and_settings_of_nobody_else(self, log) -> None:
        for owner in ("ada", "bob"):
            begun(log, owner, owner)
            log.change_settings(owner, OwnerSettings(masking=False))
        assert log.delete_owner("ada") == 1
        assert log.delete_owner("ada") == 0
        assert log.settings("ada") == OwnerSettings()
        assert log.settings("bob").masking is False
        assert log.thread("bob", "bob").sequence == 1
        assert log.events("ada") == []

    def test_purge_and_expire(self, log) -> None:
        begun(log, "old")
        begun(log, "new", at=NOW + DAY)
        assert log.purge(NOW) == 0
        assert log.purge(NOW + timedelta(microseconds=1)) == 1
        for owner, days in [("short", 2), ("long", 900), ("ever", None)]:
            log.change_settings(owner, OwnerSettings(retention_days=days))
            begun(log, owner, owner, at=NOW)
        assert log.expire(NOW + 2 * DAY) == 0
        assert log.expire(NOW + 3 * DAY) == 1
        assert log.expire(NOW + 400 * DAY) == 1
        assert log.expire(NOW + 4000 * DAY) == 1
        assert [row.id for row in log.threads("ever")] == ["ever"]

    @pytest.mark.parametrize("days", [0, -1, 36_501])
    def test_days_out_of_range(self, days) -> None:
        with pytest.raises(InputError, match="days"):
            OwnerSettings(retention_days=days)

    def test_consent_counts_from_then_on_and_is_withdrawn_for_all(self, log) -> None:
        begun(log)
        begun(log, "other", "bob")
        assert list(log.consented_threads()) == []
        log.append("t", [{"kind": "decided"}], expected=1, at=NOW, consented=True)
        log.append("other", [{"kind": "decided"}], expected=1, at=NOW, consented=True)
        found = {row.id: [event.consented for event in events] for row, events in log.consented_threads()}
        assert found == {"t": [False, True], "other": [False, True]}
        log.change_settings("ada", OwnerSettings(keep_labels=False))
        assert [row.id for row, _ in log.consented_threads()] == ["other"]

    def test_it_is_there_again(self, log, reopen: Callable) -> None:
        begun(log)
        log.change_settings("ada", OwnerSettings(keep_labels=True, retention_days=None))
        log.close()
        log.close()
        with reopen() as again:
            assert again.events("t")[0].event["text"] == HARD_TEXT
            assert again.settings("ada") == OwnerSettings(keep_labels=True, retention_days=None)
            again.check()

    def test_of_many_writers_one_wins_each_step(self, log, reopen: Callable) -> None:
        """Threads of one log, and two logs as two processes have them."""
        begun(log)
        won: list[int] = []

        def work(number: int) -> None:
            mine = other if number % 2 else log
            for _ in range(5):
                seen = mine.thread("t", "ada").sequence
                try:
                    won.append(mine.append("t", [{"by": number}] * 2, expected=seen, at=NOW))
                except ConflictError:
                    continue

        with reopen() as other, ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(won) == len(set(won)) > 0
        events = log.events("t")
        assert [event.sequence for event in events] == list(range(1, 2 * len(won) + 2))
        assert all(a.event == b.event for a, b in zip(events[1::2], events[2::2], strict=True))

    def test_a_thread_that_is_deleted_meanwhile_leaves_nothing(self, log) -> None:
        def add(name: str) -> None:
            for number in range(1, 20):
                try:
                    log.append(name, [{}], expected=number, at=NOW)
                except NotFoundError:
                    return

        names = [f"t{number}" for number in range(6)]
        for name in names:
            begun(log, name)
        with ThreadPoolExecutor(8) as pool:
            work = [pool.submit(add, name) for name in names] + [pool.submit(log.delete_thread, name) for name in names]
            for one in work:
                one.result()
        assert [log.events(name) for name in names] == [[]] * 6


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
