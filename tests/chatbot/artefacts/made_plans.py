"""Plans of several kinds, written for these tests, and readings of any text without a model."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from chatbot.artefacts import PlanDocument, plan_document
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.segments import segment_document

FRACTIONS = """# Adding fractions with unlike denominators

Year 6 mathematics

## Learning objectives

- Add two fractions with *unlike* denominators, such as ½ + ⅓.
- Explain why the denominators must match – in one sentence.

## Materials

- Fraction strips
- Mini whiteboards

## Key vocabulary

- **denominator**: the number of equal parts in the whole
- **numerator** – the number of parts that are taken

## 1. Starter (5 minutes)

Pupils write down two fractions that equal ½.

## 2. Modelling (10-15 min)

The teacher adds 2/7 and 3/7 with bars and thinks aloud. Pupils copy nothing yet.

## 3. Practice [20 mins]

1. Pairs solve three sums with strips.
2. Each pupil solves two alone.

| Level | Task |
| --- | --- |
| support | ½ + ¼ |
| stretch | ⅔ + ⅗ |

## Exit ticket

Solve 1/3 + 1/4. How do you know that your answer is less than 1?
"""

HISTORY = """LESSON: WHY DID THE BRIDGE MATTER?

Grade: 8
Subject: History
Objective: Students will be able to compare two letters about the bridge.
Resources: two letters, a map

Students read the first letter silently. They underline what the writer wants. Then each student tells a
partner why the writer might have exaggerated. The class compares the second letter and decides which of
them is the better source about the price of the bridge.

Before leaving, students complete an exit slip: "Which letter would you trust more, and why?"
"""

TABLE_PLAN = """Passing and moving

| Time | Activity | Teaching points |
|---|---|---|
| 10 min | Warm-up tag | head up |
| 15 min | Passing in threes | inside of the foot |
| 20 minutes | Small games | move after the pass |

Key words: pass, space, support
"""

LONG = "# A very long plan\n\n## Main activity (30 minutes)\n\n" + "\n".join(
    f"{number}. Pupils measure beaker {number} and write the temperature, the time and one sentence of explanation "
    f"in the table of their group before they swap."
    for number in range(1, 121)
)

PLANS = {"fractions": FRACTIONS, "history": HISTORY, "table": TABLE_PLAN, "long": LONG}


def reading_of(text: str, **quotes: str) -> Analysis:
    """A reading that finds the measures for which a quote is given."""
    measures = {
        key: MeasureReading(0.9, "present", (Evidence(quote, text.index(quote), text.index(quote) + len(quote)),))
        for key, quote in quotes.items()
    }
    nothing = np.zeros(0, np.float32)
    return Analysis(
        words=len(text.split()),
        language="en",
        is_lesson_plan=True,
        measures=measures,
        vector=nothing,
        segments=tuple(segment_document(text)),
        segment_vectors=nothing.reshape(0, 0),
        encoded=0,
    )


def document_of(text: str, *, title: str | None = None, **quotes: str) -> PlanDocument:
    return plan_document(text, reading_of(text, **quotes), title=title)


_LINES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        [
            "# Water & <b>rain</b>",
            "## Objectives",
            "## Materials:",
            "## Key words",
            "## Starter (5 minutes)",
            "### Main activity – 30 min",
            "## Exit ticket",
            "- Pupils *explain* `why` **it rains**",
            "  2) second step with ½ é Ж α 雨 🌧",
            "| Time | Activity |",
            "|---|---|",
            "| 10 min | tag |",
            "rain: water that falls",
            "\x00\x01\x08\x0b\x1b\ufffe control",
            '=HYPERLINK("http://example.org","x")',
            "<script>alert('x')</script> &amp; ]]> <!-- -->",
            "costs $5 and $\\frac{1}{2}$ {braces} %d %s",
            "[link](javascript:alert(1)) ![p](x.png) _x0041_",
            "```python",
            "word " * 60,
            "W" * 900,
            "|" * 50 + "a",
            "What do you notice?",
            "---",
            "",
        ]
    ),
)

TEXTS = st.lists(_LINES, min_size=1, max_size=25).map("\n".join)
"""Plan-like and hostile texts."""
