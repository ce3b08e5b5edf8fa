"""How often an accepted template is found: each template is used on a bare plan and the plan is read again.

    python -m benchmarks.repairs [--model FOLDER]

The heads have learned from the sentences of the templates, each alone, but not from a plan that holds one: this asks
whether one passage decides on a plan. The last line counts what else turned present though the template is not for it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from chatbot.insertion import insert, place_for
from chatbot.nudges import compose_nudge
from chatbot.plan_facts import read_facts
from mtl_core.quality import QualityModel
from retrieval import TemplateLibrary

BARE_PLAN = """# Year 6: rivers and flooding

Subject: geography

## Overview
Pupils know about rivers and floods. Textbook pages 24 to 27.

## Main
Read pages 24 and 25. Watch the short film about the flood of 1953.
Copy the diagram of the river basin into books.

## Plenary
Tidy up and pack away.
"""


def main() -> None:
    """Print the share of templates that are found, by measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    model = QualityModel.from_pretrained(parser.parse_args().model)
    before = model.analyse(BARE_PLAN)
    facts = read_facts(BARE_PLAN, before.segments)
    found: Counter[str] = Counter()
    total: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for template in (one for one in TemplateLibrary.shipped().values() if one.kind == "repair"):
        measure = template.measures[0]
        nudge = compose_nudge(nudge_id="n", measure=measure, template=template, facts=facts)
        change = insert(BARE_PLAN, nudge.suggestion, at=place_for(template.placement, BARE_PLAN, before.segments))
        after = model.analyse(change.text, previous=before).measures
        reading = after[measure]
        inside = any(e.start < change.end and change.start < e.end for e in reading.evidence)
        total[measure] += 1
        found[measure] += reading.verdict == "present" and inside
        others.update(key for key in set(after) - set(template.measures) if after[key].verdict == "present")
    present = [key for key, reading in before.measures.items() if reading.verdict == "present"]
    print(f"the bare plan shows: {', '.join(present) or 'nothing'}")
    for measure, count in total.items():
        print(f"{measure:26s} {found[measure]} of {count}")
    print(f"found {sum(found.values())} of {sum(total.values())}")
    print(f"other measures that turned present: {sum(others.values())} ({dict(others.most_common())})")


if __name__ == "__main__":
    main()
