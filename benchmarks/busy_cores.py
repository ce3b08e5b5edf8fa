"""Time to read a plan while other programs keep cores busy, by how torch's threads wait for each other.

    python -m benchmarks.busy_cores [--busy 1] [--plans 15] [--rounds 3]

``undefined`` is what torch does by itself: a thread that waits for another spins. With ``passive`` it sleeps at once,
with ``short`` it spins for a thirtieth of the time. Each figure is the median of a process of its own; the order
changes from round to round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from statistics import median

from benchmarks.coach_load import bare_seconds

_POLICIES = {
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "short": {"OMP_WAIT_POLICY": "", "GOMP_SPINCOUNT": "10000"},
    "undefined": {"OMP_WAIT_POLICY": ""},
}
_ENDLESS = "while True: pass"


def child_ms(policy: str, *, plans: int) -> float:
    """Median milliseconds to read a plan in a process of its own with a policy of waiting."""
    environment = {**os.environ, **_POLICIES[policy], "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "benchmarks.busy_cores", "--child", f"--plans={plans}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measured(busy: int, *, plans: int, rounds: int) -> dict[str, list[float]]:
    """Medians by policy beside so many busy processes, one a round."""
    neighbours = [subprocess.Popen([sys.executable, "-c", _ENDLESS]) for _ in range(busy)]
    try:
        found: dict[str, list[float]] = {policy: [] for policy in _POLICIES}
        for number in range(rounds):
            order = list(_POLICIES) if number % 2 == 0 else list(_POLICIES)[::-1]
            for policy in order:
                found[policy].append(round(child_ms(policy, plans=plans), 1))
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()
    return found


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=1, help="processes that never rest")
    parser.add_argument("--plans", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(median(bare_seconds(given.plans)) * 1000)
        return
    report = {}
    for busy in sorted({0, given.busy}):
        found = measured(busy, plans=given.plans, rounds=given.rounds)
        report[f"{busy} busy"] = {policy: {"ms": median(times), "rounds": times} for policy, times in found.items()}
    print(json.dumps({"cores": os.cpu_count(), **report}, indent=1))


if __name__ == "__main__":
    main()
