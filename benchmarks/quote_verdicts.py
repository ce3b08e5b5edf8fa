"""Whether a quote shows its measure: passages of real plans, judged by two readers who did not know whose they were.

    python -m benchmarks.quote_verdicts --data FOLDER

``judged/quote_verdicts.jsonl`` holds plan, measure, where the passage starts, and two verdicts: 2 shows the measure by
itself, 1 in part, 0 not. The passages were first to third quotes of right judgements by the shipped heads, and passages
that the readers of the plans had quoted, mixed. The readings were machine-assisted. For a measure of two parts (pacing
and materials, gradual release, misconceptions) one part counts as shown.

``judged/quote_verdicts_later.jsonl`` holds the first quotes that heads with patterns gave and nobody had judged, by two
other such readers, and 70 of the passages above among them, which tell how much milder these readers are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import load_plan_folder, quoted_starts, read_rows

VERDICTS = Path(__file__).parent / "judged" / "quote_verdicts.jsonl"
LATER = VERDICTS.with_name("quote_verdicts_later.jsonl")
_TWO_PARTS = frozenset({"pacing_and_materials", "gradual_release", "misconceptions"})


class JudgedPassage(BaseModel):
    """A passage with its verdicts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: str
    measure: str
    start: int = Field(ge=0)
    verdicts: tuple[int, int]

    @property
    def shown(self) -> float:
        """Share of the readers to whom it shows the measure."""
        least = 1 if self.measure in _TWO_PARTS else 2
        return sum(verdict >= least for verdict in self.verdicts) / len(self.verdicts)

    @property
    def nothing(self) -> float:
        """Share of the readers to whom it has nothing to do with it."""
        return sum(verdict == 0 for verdict in self.verdicts) / len(self.verdicts)


def agreement(passages: Iterable[JudgedPassage]) -> float:
    """Share of the passages of which both readers say the same: shown or not."""
    known = [passage.shown in (0.0, 1.0) for passage in passages]
    return sum(known) / len(known)


def line_of(passages: list[JudgedPassage]) -> str:
    """Number, share shown and share that has nothing to do with the measure."""
    if not passages:
        return "  0"
    shown, nothing = (sum(getattr(p, name) for p in passages) / len(passages) for name in ("shown", "nothing"))
    return f"{len(passages):3d} shown {shown:.2f} nothing {nothing:.2f}"


Place = tuple[str, str, int]
"""Plan, measure and start of a passage."""


def judged(path: Path) -> dict[Place, JudgedPassage]:
    """The passages of a file by place.

    Args:
        path: A file of judged passages.

    Returns:
        The passages.
    """
    return {(row.plan, row.measure, row.start): row for row in read_rows(path, JudgedPassage)}


def main() -> None:
    """Print a line a measure: first quotes of the model, as far as they were judged, and the readers' passages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    known, later = judged(VERDICTS), judged(LATER)
    model = QualityModel.from_pretrained(options.model)
    first: list[Place] = []
    theirs: list[Place] = []
    for plan in load_plan_folder(options.data / "plans.jsonl", licence_class=None):
        for measure, reading in model.analyse(plan.text).measures.items():
            theirs += [(plan.id, measure, start) for start in sorted(quoted_starts(plan, measure))]
            if plan.present[measure] and reading.verdict == "present" and reading.evidence:
                first.append((plan.id, measure, reading.evidence[0].start))
    unjudged = sum(place not in known and place not in later for place in first)
    both = sorted(known.keys() & later.keys())
    print(f"{len(known)} passages, readers agree {agreement(known.values()):.2f}; first quotes not judged {unjudged}")
    print(f"{len(later)} by later readers, who agree {agreement(later.values()):.2f}; by both pairs of readers")
    print(f"  earlier {line_of([known[place] for place in both])} | later {line_of([later[place] for place in both])}")
    for measure in (*MEASURES, "all"):
        own, readers = ([place for place in part if measure in (place[1], "all")] for part in (first, theirs))
        lines = [
            line_of([known[place] for place in own if place in known]),
            line_of([later[place] for place in own if place in later and place not in known]),
            line_of([known[place] for place in readers if place in known]),
        ]
        print(f"{measure:26s} first quotes {lines[0]} | later readers {lines[1]} | readers' passages {lines[2]}")


if __name__ == "__main__":
    main()
