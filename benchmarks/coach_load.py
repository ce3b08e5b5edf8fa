"""Twenty teachers at once: time of a turn beside the bare time of the encoder, and whether anything is lost.

Starts ``lesson-nudge serve`` on this computer with a SQLite database in a temporary folder, or ``--db``. Each teacher
opens a plan of their own and takes turns (a decision, a question, a search, a look) with a pause to read between them.
The bare time is that of reading such a plan by the model alone, with all cores, in this process before the load.

    python -m benchmarks.coach_load --teachers 20 --turns 12 --pause 3
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import httpx

_DECISIONS = ("use", "not_now", "use", "edit", "not_relevant", "use")
_SENTENCES = (
    "Pupils sort cards of {topic} into two groups and say why.",
    "The teacher draws a picture of {topic} on the board and asks what is missing.",
    "Pairs read a page about {topic} and underline three words.",
    "Each table builds a model of {topic} from paper and tape.",
    "The class watches a short film about {topic} and takes notes.",
    "Pupils write five sentences on {topic} in their books.",
    "The teacher walks around, listens, and helps the tables that wait.",
    "Two pupils show their work and the class claps.",
)
_TOPICS = ("rivers", "fractions", "magnets", "castles", "poems", "maps", "insects", "volcanoes", "rhythm", "light")


def plan_of(teacher: int) -> str:
    """A plan of about 250 words that no other teacher has.

    Args:
        teacher: Number of the teacher.

    Returns:
        The plan.
    """
    draw = random.Random(teacher)  # noqa: S311 - the same plans each time
    topic = f"{_TOPICS[teacher % len(_TOPICS)]} {teacher}"
    parts = [f"# Lesson about {topic}\n\nYear {1 + teacher % 9}, 50 minutes.\n"]
    for heading in ("Starter", "Main activity", "Practice", "Closing"):
        lines = [
            f"- {sentence.format(topic=topic)} Part {draw.randrange(1000)}." for sentence in draw.sample(_SENTENCES, 5)
        ]
        parts.append(f"## {heading}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


class Teacher:
    """One teacher's conversation, and what it took.

    Args:
        number: Of the teacher.
        client: Talks to the service.
        pause: Mean seconds between turns.
        times: Seconds by kind of turn, added to.
    """

    def __init__(self, number: int, client: httpx.AsyncClient, *, pause: float, times: dict[str, list[float]]) -> None:
        self._client = client
        self._pause = pause
        self._times = times
        self._draw = random.Random(1000 + number)  # noqa: S311 - the same turns each time
        self._plan = plan_of(number)
        self.errors: list[str] = []
        self.lost = 0
        self._thread: dict[str, Any] = {}
        self._accepted: list[str] = []

    async def talk(self, turns: int) -> None:
        """Open the plan, take turns, and check that nothing is lost.

        Args:
            turns: How many.
        """
        await asyncio.sleep(self._draw.random() * self._pause)
        self._thread = await self._timed("open", "POST", "/v1/threads", {"text": self._plan})
        base = f"/v1/threads/{self._thread.get('id')}"
        for turn in range(turns):
            await asyncio.sleep(self._draw.expovariate(1 / self._pause) if self._pause else 0)
            await self._turn(base, turn)
        text = (await self._client.get(f"{base}/plan")).text
        self.lost = sum(suggestion not in text for suggestion in self._accepted)

    async def _turn(self, base: str, turn: int) -> None:
        nudge = self._thread.get("nudge")
        if nudge is None:
            self._thread = await self._timed("say", "POST", f"{base}/messages", {"text": "idea"})
            return
        if turn % 4 == 3:
            await self._timed("say", "POST", f"{base}/messages", {"text": "why?"})
            await self._timed("search", "POST", "/v1/search", {"query": f"exit ticket {turn}"})
            return
        decision = _DECISIONS[turn % len(_DECISIONS)]
        body = {"nudge_id": nudge["id"], "decision": decision}
        if decision == "edit":
            body["text"] = f"Pupils of this class write one thing they learnt, number {turn}."
        answer = await self._timed("decide", "POST", f"{base}/decisions", body)
        if answer and decision in ("use", "edit"):
            self._accepted.append(body.get("text", nudge["suggestion"]))
        self._thread = answer or self._thread

    async def _timed(self, kind: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        answer = await self._client.request(method, path, json=body)
        self._times[kind].append(time.perf_counter() - began)
        if answer.is_error:
            self.errors.append(f"{kind} {answer.status_code} {answer.text[:200]}")
            return {}
        found: dict[str, Any] = answer.json()
        return found


def bare_seconds(plans: int) -> list[float]:
    """Seconds to read a plan by the model alone, one after the other.

    Args:
        plans: How many plans, none of them a teacher's.

    Returns:
        Seconds for each.
    """
    from mtl_core.quality import QualityModel  # noqa: PLC0415 - the load alone needs no model

    model = QualityModel.from_pretrained()
    model.analyse(plan_of(10_000))
    seconds = []
    for number in range(plans):
        text = plan_of(20_000 + number)
        began = time.perf_counter()
        model.analyse(text)
        seconds.append(time.perf_counter() - began)
    return seconds


async def load(address: str, *, teachers: int, turns: int, pause: float) -> dict[str, Any]:
    """Put the teachers on the service.

    Args:
        address: Of the service.
        teachers: How many.
        turns: How many turns each.
        pause: Mean seconds between turns.

    Returns:
        The figures.
    """
    times: dict[str, list[float]] = defaultdict(list)
    limits = httpx.Limits(max_connections=teachers * 2)
    began = time.perf_counter()
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        people = [Teacher(number, client, pause=pause, times=times) for number in range(teachers)]
        await asyncio.gather(*(person.talk(turns) for person in people))
    seconds = time.perf_counter() - began
    everything = [one for name in times for one in times[name]]
    return {
        "teachers": teachers,
        "pause_s": pause,
        "turns": len(everything),
        "turns_per_second": round(len(everything) / seconds, 2),
        "errors": [error for person in people for error in person.errors],
        "lost": sum(person.lost for person in people),
        "ms": {name: spread(found) for name, found in {"all": everything, **times}.items()},
    }


def spread(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest, in milliseconds.

    Args:
        seconds: At least one time.

    Returns:
        The figures.
    """
    ordered = sorted(seconds)
    at = min(len(ordered) - 1, int(0.95 * len(ordered)))
    return {
        "n": len(ordered),
        "p50": round(median(ordered) * 1000, 1),
        "p95": round(ordered[at] * 1000, 1),
        "max": round(ordered[-1] * 1000, 1),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        try:
            if httpx.get(f"{address}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        if server.poll() is not None:
            raise SystemExit("the service did not start")
        time.sleep(0.1)
    raise SystemExit("the service was not ready in time")


def main() -> None:
    """Run the benchmark and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teachers", type=int, default=20)
    parser.add_argument("--turns", type=int, default=12)
    parser.add_argument("--pause", type=float, default=3.0, help="mean seconds between the turns of one teacher")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--bare", type=int, default=30, help="plans for the bare time")
    parser.add_argument("--db", help="postgresql://... of an empty database; SQLite in a temporary folder by default")
    given = parser.parse_args()
    bare = bare_seconds(given.bare)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        database = given.db or f"sqlite:///{Path(folder) / 'coach.sqlite3'}"
        program = Path(sys.executable).with_name("lesson-nudge")
        options = [f"--port={port}", f"--db={database}", "--no-page", f"--workers={given.workers}"]
        command = [str(program), "serve", *options]
        with (Path(folder) / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as server:
            try:
                _wait(address, server)
                found = asyncio.run(load(address, teachers=given.teachers, turns=given.turns, pause=given.pause))
            finally:
                server.terminate()
    report = {"cores": os.cpu_count(), "bare_ms": spread(bare), **found}
    report["p95_over_bare_median"] = round(found["ms"]["all"]["p95"] / report["bare_ms"]["p50"], 2)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
