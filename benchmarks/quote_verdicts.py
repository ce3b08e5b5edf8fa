"""Whether a quote shows its measure: passages of real plans, judged by two readers who did not know whose they were.

    python -m benchmarks.quote_verdicts --data FOLDER

``judged/quote_verdicts.jsonl`` holds plan, measure, where the passage starts, and two verdicts: 2 shows the measure by
itself, 1 in part, 0 not. The passages were first to third quotes of right judgements by the shipped heads, and passages
that the readers of the plans had quoted, mixed. The readings were machine-assisted. For a measure of two parts (pacing
and materials, gradual release, misconceptions) one part counts as shown.

``judged/quote_verdicts_later.jsonl`` holds the first quotes that heads with patterns gave and nobody had judged, by two
other such readers, and 70 of the passages above among them, which tell how much milder these readers are. Each further
file is such a pair again, for heads that were trained later: a first quote counts for the first pair that judged it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.corpus import load_plan_folder, quoted_starts, read_rows

VERDICTS = Path(__file__).parent / "judged" / "quote_verdicts.jsonl"
LATER = tuple(VERDICTS.with_name(f"quote_verdicts_{name}.jsonl") for name in ("later", "third"))
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


def by_first_pair(places: Iterable[Place], pairs: Sequence[Mapping[Place, JudgedPassage]]) -> list[list[JudgedPassage]]:
    """Passages by the first pair of readers that judged them.

    Args:
        places: The passages.
        pairs: What each pair judged.

    Returns:
        Judged passages of each pair; what nobody judged is left out.
    """
    found: list[list[JudgedPassage]] = [[] for _ in pairs]
    for place in places:
        number = next((number for number, pair in enumerate(pairs) if place in pair), None)
        if number is not None:
            found[number].append(pairs[number][place])
    return found


def main() -> None:
    """Print a line a measure: first quotes of the model, as far as they were judged, and the readers' passages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    pairs = [judged(path) for path in (VERDICTS, *LATER)]
    model = QualityModel.from_pretrained(options.model)
    first: list[Place] = []
    theirs: list[Place] = []
    for plan in load_plan_folder(options.data / "plans.jsonl", licence_class=None):
        for measure, reading in model.analyse(plan.text).measures.items():
            theirs += [(plan.id, measure, start) for start in sorted(quoted_starts(plan, measure))]
            if plan.present[measure] and reading.verdict == "present" and reading.evidence:
                first.append((plan.id, measure, reading.evidence[0].start))
    unjudged = sum(all(place not in pair for pair in pairs) for place in first)
    print(f"{len(first)} first quotes of right judgements, {unjudged} of them not judged")
    for number, pair in enumerate(pairs, 1):
        both = sorted(pairs[0].keys() & pair.keys())
        print(f"pair {number}: {len(pair)} passages, agree {agreement(pair.values()):.2f}")
        earlier, own_verdicts = (line_of([verdicts[place] for place in both]) for verdicts in (pairs[0], pair))
        print(f"  those that the first pair judged too: by that {earlier} | by this {own_verdicts}")
    for measure in (*MEASURES, "all"):
        own, readers = ([place for place in part if measure in (place[1], "all")] for part in (first, theirs))
        lines = [line_of(part) for part in by_first_pair(own, pairs)]
        lines.append(line_of([pairs[0][place] for place in readers if place in pairs[0]]))
        print(f"{measure:26s} first quotes {' | '.join(lines[:-1])} | readers' passages {lines[-1]}")


if __name__ == "__main__":
    main()
