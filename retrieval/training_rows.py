"""Shipped repairs as labelled segments, so that the heads know what the coach may insert.

``python -m retrieval.training_rows`` rewrites ``mtl_core/corpus/segments/templates.jsonl``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from mtl_core.saved import write_atomic
from mtl_core.segments import segment_document
from mtl_core.training.corpus import SHIPPED_CORPUS, SegmentRow
from retrieval.templates import LessonTemplate, TemplateLibrary

__all__ = ["template_rows"]

_MIN_WORDS = 8
_TOPICS = {
    "mathematics": ("equivalent fractions", "solving linear equations"),
    "science": ("photosynthesis", "forces and friction"),
    "english": ("persuasive letters", "the opening of a short story"),
    "history": ("life in a medieval town", "the causes of the First World War"),
    "geography": ("rivers and flooding", "reading maps"),
    "languages": ("ordering food in a café", "talking about the weekend"),
    "computing": ("loops and conditions", "sorting algorithms"),
    "art": ("drawing hands", "colour in landscapes"),
    "music": ("rhythm patterns", "a sea shanty"),
    "drama": ("the storm scene", "characters with a secret"),
    "pe": ("passing on the move", "the forward roll"),
    "design_technology": ("a phone stand", "simple levers"),
    "citizenship": ("local councils", "rules at school"),
    "early_years": ("minibeasts", "people who help us"),
    "any": ("the water cycle", "fair trade"),
}


def template_rows(library: TemplateLibrary) -> Iterator[SegmentRow]:
    """Each longer sentence of each repair, its slots filled, labelled with the repair's measures.

    Whole lessons give no rows: their sentences show different measures, and a row says what it shows alone.

    Args:
        library: The templates.

    Yields:
        Rows of training text.
    """
    for template in library.values():
        if template.kind == "lesson":
            continue
        for number, text in enumerate(_sentences(template), 1):
            yield SegmentRow(
                id=f"template-{template.id}-{number}",
                measure=template.measures[0],
                polarity="present",
                text=text,
                heading="",
                measures=template.measures,
                subject=template.subjects[0] if template.subjects[0] != "any" else "other",
                phase="primary" if template.grades.lowest <= 5 else "lower_secondary",
                style="prose",
                batch="templates",
            )


def _sentences(template: LessonTemplate) -> Iterator[str]:
    topics = _TOPICS.get(template.subjects[0], _TOPICS["any"])
    topic = topics[len(template.id) % len(topics)]
    filled = re.sub(r"\{grade\} ?", "", template.text).replace("{topic}", topic)
    document = f"**{template.title}.** {filled.replace('{minutes}', str(template.minutes))}"
    return (s.text for s in segment_document(document) if len(s.text.split()) >= _MIN_WORDS)


def main(output: Path = SHIPPED_CORPUS / "segments" / "templates.jsonl") -> None:
    """Write the rows.

    Args:
        output: The file.
    """
    rows = [
        json.dumps(row.model_dump(mode="json"), ensure_ascii=False) for row in template_rows(TemplateLibrary.shipped())
    ]
    write_atomic(output, ("\n".join(rows) + "\n").encode())


if __name__ == "__main__":
    main()
