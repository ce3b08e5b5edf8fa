"""Kill -9 at random moments of conversations over SQLite or PostgreSQL: nothing acknowledged is lost.

    python -m benchmarks.coach_crash [--kills 50] [--seed 0] [--db postgresql://USER@HOST/DATABASE]

A child process holds conversations with the shipped model and writes a line after every answer it
got. It is killed at a random moment; a new service over the same file must show, for every line,
at least those events, and for the last one the same plan and the same pending nudge in the same
words. One step that was not acknowledged may be there, whole.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from chatbot.service import CoachService
from chatbot.service_rows import ThreadTurn
from chatbot.store.sql import open_log
from mtl_core.quality import QualityModel
from retrieval import TemplateIndex, TemplateLibrary

PLAN = """# Fractions of a whole

Year 4 mathematics, 60 minutes.

## Objective

Pupils will be able to compare two fractions with the same denominator and say which one is larger.

## Starter

Pupils shade one half of a square in as many ways as they find.

## Main activity

The teacher shows two strips of paper on the board. Pairs fold strips into quarters and eighths.
Pupils complete the sheet on their own.

## End

The class tidies up and a volunteer tells what was new.
"""


def main() -> None:
    """Kill, take up, compare; exit with 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--db", help="an empty database; SQLite in a temporary folder by default")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = QualityModel.from_pretrained()
    index = TemplateIndex.build(TemplateLibrary.shipped(), encoder=model.encoder)
    draw = random.Random(options.seed)  # noqa: S311 - moments of a test
    failures: list[str] = []
    answers = unacknowledged = 0
    with tempfile.TemporaryDirectory() as folder:
        address = options.db or f"sqlite:///{folder}/talk.db"
        for number in range(options.kills):
            lines = _killed(model, index, address, Path(folder) / "answers", draw.uniform(0.02, 1.5), seed=number)
            answers += len(lines)
            problems, more = _check(model, index, address, lines)
            unacknowledged += more
            failures += [f"kill {number}: {problem}" for problem in problems]
    print(f"{options.kills} kills, {answers} answers acknowledged before them, {len(failures)} lost or different")
    print(f"{unacknowledged} kills came after a step was kept and before it was acknowledged")
    for failure in failures:
        print(failure)
    sys.exit(1 if failures else 0)


def _service(model: QualityModel, index: TemplateIndex, log: Any) -> CoachService:
    return CoachService(model, index, log, clock=lambda: datetime.now(UTC), ids=lambda: uuid4().hex)


def _killed(
    model: QualityModel, index: TemplateIndex, address: str, answers: Path, seconds: float, *, seed: int
) -> list[dict[str, Any]]:
    """Answers that a child got before it was killed, some time after its first."""
    answers.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        with open_log(address) as log, answers.open("w", encoding="utf-8") as out:
            _converse(_service(model, index, log), out, seed=seed)
    while not answers.exists() or not answers.stat().st_size:
        time.sleep(0.005)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    # the last line may be cut
    text = answers.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _converse(service: CoachService, out: Any, *, seed: int) -> None:
    """Talk until killed: every kind of answer, in an order drawn by the seed."""
    draw = random.Random(seed)  # noqa: S311 - an order of a test
    owner = f"teacher-{seed}"
    for number in count():
        turn = service.open(owner, f"{PLAN}\nVersion {number}.\n")
        _tell(out, owner, turn)
        for step in range(8):
            nudge = turn.turn.nudge
            if nudge is None:
                turn = service.say(owner, turn.id, "another idea")
            elif draw.random() < 0.2:
                turn = service.say(owner, turn.id, "why?")
            else:
                decision = draw.choice(["use", "edit", "not_now", "not_relevant"])
                text = f"Each pupil writes sentence {step}." if decision == "edit" else None
                turn = service.decide(owner, turn.id, nudge.id, decision, text=text)
            _tell(out, owner, turn)


def _tell(out: Any, owner: str, turn: ThreadTurn) -> None:
    out.write(json.dumps({"owner": owner, "thread": turn.id, "sequence": turn.sequence, **_shown(turn)}) + "\n")
    out.flush()


def _shown(turn: ThreadTurn) -> dict[str, Any]:
    nudge = turn.turn.nudge
    words = [nudge.id, nudge.message, nudge.suggestion] if nudge else None
    return {"text": turn.turn.text, "nudge": words}


def _check(
    model: QualityModel, index: TemplateIndex, address: str, lines: list[dict[str, Any]]
) -> tuple[list[str], bool]:
    """What is lost or different, and whether a step was kept that was not acknowledged."""
    problems, more = [], False
    last = {line["thread"]: line for line in lines}
    with open_log(address) as log:
        service = _service(model, index, log)
        for thread, line in last.items():
            seen = service.view(line["owner"], thread)
            texts = [one.text for one in service.versions(line["owner"], thread)]
            if seen.sequence < line["sequence"] or line["text"] not in texts:
                problems.append(f"thread {thread} lost events after {seen.sequence} of {line['sequence']}")
            elif seen.sequence == line["sequence"] and _shown(seen) != {key: line[key] for key in ("text", "nudge")}:
                problems.append(f"thread {thread} shows another plan or nudge")
            elif seen.sequence > line["sequence"]:
                more = True
                added = log.events(thread, after=line["sequence"])
                if [one.sequence for one in added] != list(range(line["sequence"] + 1, seen.sequence + 1)):
                    problems.append(f"thread {thread} holds part of a step")
            # and the conversation goes on
            if seen.turn.nudge is not None and thread == lines[-1]["thread"]:
                service.decide(line["owner"], thread, seen.turn.nudge.id, "not_now")
    return problems, more


if __name__ == "__main__":
    main()
