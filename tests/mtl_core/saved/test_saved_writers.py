"""Writers that die or still write: a reader finds the old state or the new one, never a mixture."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.mtl_core.saved.saved_things import NEW, OLD, as_state, load, save


class Death(BaseException):
    """The writer dies."""


@pytest.mark.parametrize("error", [Death, OSError])
@pytest.mark.parametrize(("owner", "name"), [(Path, "replace"), (os, "fsync"), (os, "fdopen"), (Path, "chmod")])
def test_a_writer_that_dies_at_any_write_leaves_a_readable_state(
    folder: Path, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, error: type[BaseException]
) -> None:
    real, calls, deadly, seen = getattr(owner, name), 0, 0, []

    def dying(*arguments: object, **options: object) -> object:
        nonlocal calls
        calls += 1
        if calls == deadly:
            raise error("no space left")
        return real(*arguments, **options)

    while True:
        save(folder, OLD)
        with monkeypatch.context() as patch:
            calls, deadly = 0, deadly + 1
            patch.setattr(owner, name, dying)
            try:
                save(folder, NEW)
            except error:
                seen.append(as_state(load(folder))["meta"]["state"])
                assert as_state(load(folder)) in (OLD, NEW)
                assert not list(folder.glob("*.tmp")) + list(folder.glob(".*.tmp"))
                continue
        break
    assert deadly > 3, "each file and the manifest are written"
    assert as_state(load(folder)) == NEW
    assert "old" in seen
    assert seen == sorted(seen, reverse=True), "once the new state is there it stays"
    if name == "replace":
        assert set(seen) == {"old"}


def test_a_description_that_is_no_json_leaves_the_old_state(folder: Path) -> None:
    with pytest.raises(TypeError):
        save(folder, {"meta": {"x": object()}, "files": NEW["files"]})
    assert as_state(load(folder)) == OLD


WRITER = """
import sys
from mtl_core.saved import publish
print("ready", flush=True)
number = 0
while True:
    number += 1
    content = str(number).encode() * 20_000
    files = {"a.bin": content, "b.bin": content[::-1]}
    publish(sys.argv[1], kind="thing", schema_version=3, meta={"number": number}, files=files)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_killed_writer_leaves_a_readable_state(tmp_path: Path) -> None:
    """20 kills of writers at random moments."""
    moments, highest = random.Random(0), 0
    for _ in range(4):
        writers = []
        for number in range(5):
            folder = tmp_path / f"thing{number}"
            command = [sys.executable, "-c", WRITER, str(folder)]
            writers.append((folder, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        for folder, process in writers:
            assert process.stdout is not None
            while process.stdout.readline().strip() != "1":
                assert process.poll() is None
            time.sleep(moments.random() * 0.08)
            process.send_signal(signal.SIGKILL)
            told = [line.strip() for line in process.stdout.read().splitlines()]
            process.stdout.close()
            assert process.wait() == -signal.SIGKILL
            saved = load(folder)
            number = saved.meta["number"]
            last = int(told[-1]) if told else 1
            assert number in (last, last + 1)
            content = str(number).encode() * 20_000
            assert saved.files == {"a.bin": content, "b.bin": content[::-1]}
            highest = max(highest, number)
    assert highest > 1, "the kills came too early to show anything"


def test_a_reader_sees_the_old_or_the_new_state_while_a_writer_publishes(folder: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            save(folder, NEW)
            save(folder, OLD)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        end, reads = time.monotonic() + 1.5, 0
        while time.monotonic() < end:
            assert as_state(load(folder)) in (OLD, NEW)
            reads += 1
    finally:
        stop.set()
        writer.join()
    assert reads > 5
