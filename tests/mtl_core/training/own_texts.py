"""Texts for a rubric of one measure: whether a part of the lesson happens outside."""

from __future__ import annotations

import csv
from pathlib import Path

OUTSIDE = (
    "Pupils go out to the school field and measure ten oak leaves.",
    "Take the class into the playground to pace out the length of a blue whale.",
    "In the garden, children count the insects on one square metre of grass.",
    "We walk to the pond and sample the water with nets.",
    "Groups sketch the front of the building from the pavement outside.",
    "Students collect soil from three places in the yard.",
    "The second half of the lesson is held under the trees by the gate.",
    "Learners follow an orienteering course around the grounds.",
    "Outdoors, each pair throws the foam rocket five times and notes the distance.",
    "The class walks to the high street and tallies the shops.",
    "On the field, pupils act out the orbit of the moon.",
    "Children plant beans in the raised beds behind the hall.",
)
INSIDE = (
    "Pupils copy the table from the board and fill the last column.",
    "The teacher shows a slide with four questions about adverbs.",
    "In pairs, students sort the cards on their desks.",
    "Each pupil writes a paragraph in the exercise book.",
    "The class watches a short film about volcanoes and takes notes.",
    "Groups solve the equations on mini whiteboards.",
    "Learners read chapter two silently for ten minutes.",
    "Students type their survey results into a spreadsheet.",
    "The teacher models long division with a visualiser.",
    "Pupils label the parts of a plant on a worksheet.",
    "Children sing the round in three parts at the piano.",
    "The exit ticket asks for one example of a metaphor.",
)


def write_table(path: Path, *, whole_plans: bool = False) -> Path:
    """Write the texts as a labelled table.

    Args:
        path: The file.
        whole_plans: Put each text between two sentences of another kind, without a quote.

    Returns:
        The file.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["text", "outdoors"])
        for number, (outside, inside) in enumerate(zip(OUTSIDE, INSIDE, strict=True)):
            before, after = INSIDE[number - 1], INSIDE[number - 2]
            for text, label in ((outside, 1), (inside, 0)):
                rows.writerow([f"{before}\n\n{text}\n\n{after}" if whole_plans else text, label])
    return path


RUBRIC_YAML = """measures:
  - key: outdoors
    title: Learning outside
    definition: a part of the lesson happens outside the building
"""
