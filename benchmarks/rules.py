"""Random conversations against every rule of the coach: ``python -m benchmarks.rules --sequences 10000``."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter

from benchmarks.rule_checks_more import breaches
from benchmarks.rule_walk import random_actions, walk
from benchmarks.rule_world import RuleWorld
from chatbot.nudges import compose_nudge
from chatbot.plan_facts import PlanFacts
from retrieval import TemplateLibrary

__all__ = ["compose_milliseconds", "main"]


def compose_milliseconds() -> dict[str, float]:
    """How long the words of one nudge take, over every template of the library and each of its measures."""
    facts = PlanFacts(topic="the water cycle", grade=3, grade_phrase="Year 4", subject="science", learners="children")
    taken: list[float] = []
    for template in TemplateLibrary.shipped().values():
        for measure in template.measures:
            began = time.perf_counter()
            compose_nudge(nudge_id="n", measure=measure, template=template, facts=facts, turn=len(taken))
            taken.append(1000 * (time.perf_counter() - began))
    taken.sort()
    return {"median": round(taken[len(taken) // 2], 3), "p99": round(taken[int(len(taken) * 0.99)], 3)}


def main(arguments: list[str] | None = None) -> int:
    """Hold the conversations and write what was found as JSON.

    Args:
        arguments: Of the command line; ``None`` takes those of the process.

    Returns:
        0 where no rule was broken, else 1.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    world = RuleWorld()
    broken: Counter[int] = Counter()
    actions: Counter[str] = Counter()
    examples: dict[int, str] = {}
    nudges = 0
    began = time.perf_counter()
    for number in range(options.sequences):
        rng = random.Random(f"{options.seed} {number}")  # noqa: S311 - chance of a test, not of a key
        record = walk(world, rng.randrange(1000), random_actions(rng))
        actions.update(step.action for step in record.steps if step.turn is not None)
        nudges += record.coach.state.offered
        for rule, breach in breaches(record):
            broken[rule] += 1
            examples.setdefault(rule, f"sequence {number}: {breach}")
    result = {
        "sequences": options.sequences,
        "seed": options.seed,
        "steps": actions.total(),
        "steps_by_action": dict(sorted(actions.items())),
        "nudges": nudges,
        "breaches": {str(rule): broken[rule] for rule in sorted(broken)},
        "first_breach": {str(rule): examples[rule] for rule in sorted(examples)},
        "compose_milliseconds": compose_milliseconds(),
        "seconds": round(time.perf_counter() - began, 1),
    }
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
