"""What every event log must do: one suite, run over each of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

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

    def test_a_thread_begins_with_its_first_events_or_not_at_all(self, log) -> None:
        with pytest.raises(InputError, match="Event 2"):
            log.create_thread("t", owner="ada", title="", at=NOW, events=[{}, {"n": object()}])
        assert log.threads("ada") == []
        assert log.create_thread("t", owner="ada", title="", at=NOW, events=[{"a": 1}, {"b": 2}], consented=True) == 2
        assert log.thread("t", "ada").sequence == 2
        assert [(one.event, one.consented) for one in log.events("t")] == [({"a": 1}, True), ({"b": 2}, True)]

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
