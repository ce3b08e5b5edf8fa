"""Documents of every form, drawn at random, and short views of their segments."""

from __future__ import annotations

from hypothesis import strategies as st

from mtl_core.segments import SegmentKind, segment_document

HEADING, SENTENCE, BULLET, ROW = SegmentKind.HEADING, SegmentKind.SENTENCE, SegmentKind.BULLET, SegmentKind.ROW

PIECES = st.sampled_from(
    [
        *(
            "Pupils",
            "solve",
            "three",
            "e.g.",
            "Mr.",
            "10",
            "min.",
            "A.",
            "STARTER",
            "café",
            "Ωmega",
            "教案",
            "_",
            "x_y",
        ),
        *("work.", "why?", "go!", "end…", "list:", "one;", "two,", "“quoted.”", "(see p. 4)", "**bold**", "~~~", "```"),
        *(
            "|",
            "||",
            "#",
            "##",
            "-",
            "–",
            "•",
            "1.",
            "2)",
            "(a)",
            "[x]",
            "☐",
            "IV.",
            "---",
            "===",
            "___",
            "…",
            "\u200b",
        ),
    ]
)
SPACES = st.sampled_from([" ", " ", " ", "  ", "\t", "\u00a0"])
LINES = st.lists(st.tuples(PIECES, SPACES), max_size=14).map(lambda parts: "".join(a + b for a, b in parts))
ENDS = st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r", "\u2028", "\x0b", "\x85"])
DOCUMENTS = st.lists(st.tuples(LINES, ENDS), max_size=12).map(lambda parts: "".join(a + b for a, b in parts))
TEXTS = st.one_of(DOCUMENTS, st.text(max_size=200), st.text(alphabet=" \t\r\n#-*1a.A|:_`~", max_size=60))


def contents(text: str) -> list[str]:
    return [segment.text for segment in segment_document(text)]


def kinds(text: str) -> list[SegmentKind]:
    return [segment.kind for segment in segment_document(text)]
