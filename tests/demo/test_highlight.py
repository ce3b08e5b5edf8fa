"""The plan as HTML: nothing runs, nothing is lost, every quote is marked."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_coach import analyse

from demo.highlight import NUMBERS, render_plan
from mtl_core.rubric import MEASURES

HOSTILE = """# <script>alert(1)</script> ${alert(2)} {{value}}

Pupils explain <img src=x onerror="alert(3)"> why 1/2 > 1/4 & <b>not</b> the other way round.

</div></mark></ins> The teacher shows "it" &lt;twice&gt;.
"""


class _Reader(HTMLParser):
    """Reads the text outside the notes, the text of each mark, and what stands in each addition."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text, self.tags, self.notes = "", set(), []
        self.marks: list[tuple[str, dict[str, str | None]]] = []
        self.added = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._open.append(tag)
        if tag == "mark":
            self.marks.append(("", dict(attrs)))
        if tag == "sup":
            self.notes.append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "sup" in self._open:
            self.notes[-1] += data
            return
        self.text += data
        if "mark" in self._open:
            self.marks[-1] = (self.marks[-1][0] + data, self.marks[-1][1])
        if "ins" in self._open:
            self.added += data


def test_a_hostile_plan_is_shown_as_text(reading):
    quote = 'Pupils explain <img src=x onerror="alert(3)"> why 1/2 > 1/4 & <b>not</b> the other way round.'
    shown = _Reader(render_plan(HOSTILE, reading(HOSTILE, present={"measurable_objective": [quote]}, unsure={})))
    assert shown.text == HOSTILE
    assert shown.tags <= {"div", "span", "strong", "mark", "sup", "ins"}
    assert [text for text, _ in shown.marks] == [quote]


def test_every_evidence_is_marked_and_numbered(plan, reading):
    objective = "Pupils explain why 1/2 is larger than 1/4."
    example = "The teacher shows the first example."
    analysis = reading(
        plan,
        present={"measurable_objective": [objective], "higher_order_thinking": [objective, "Tidy up."]},
        unsure={"modelling": [example]},
    )
    shown = _Reader(render_plan(plan, analysis))
    assert shown.text == plan
    assert [text for text, _ in shown.marks] == [objective, example, "Tidy up."]
    assert shown.marks[0][1]["title"] == "Evidence for: Measurable objective; Higher-order thinking"
    assert shown.marks[1][1] == {"class": "ln-unsure", "title": "Perhaps evidence for: Modelling"}
    assert shown.marks[2][1]["class"] == "ln-found ln-weak"
    titles = ["measurable_objective", "higher_order_thinking", "modelling", "higher_order_thinking"]
    assert shown.notes == [f"{NUMBERS[key]} {MEASURES[key].title}" for key in titles]


def test_what_was_added_is_marked_across_segments_and_marks(plan, reading):
    start, end = plan.index("The teacher"), plan.index(" Next time")
    analysis = reading(plan, present={"modelling": ["The teacher shows the first example."]}, unsure={})
    shown = _Reader(render_plan(plan, analysis, added=(start, end)))
    assert shown.text == plan
    assert shown.added == plan[start:end]


def test_nothing_is_marked_in_what_is_no_lesson_plan(plan, reading):
    analysis = reading(plan, present={"modelling": ["Tidy up."]}, unsure={}, is_plan=False)
    shown = _Reader(render_plan(plan, analysis))
    assert shown.text == plan
    assert not shown.marks


@pytest.mark.parametrize("text", ["x", "a\r\nb\r\n", "| a | b |\n|---|---|\n| 1 | <2> |\n", "\t\n  é 😀 ﬁ\n\n"])
def test_the_text_stays_as_it_is(text, reading):
    # a parser of a file turns CR LF into LF; the page sets the text of an element, which keeps both
    assert _Reader(render_plan(text, reading(text, present={}, unsure={}))).text == text


@given(
    text=st.text(alphabet="ab<>&\"'# -.\n\r1é", min_size=1, max_size=60),
    start=st.integers(0, 60),
    end=st.integers(0, 60),
)
def test_any_text_comes_back(text, start, end):
    start, end = sorted((min(start, len(text)), min(end, len(text))))
    added = (start, end) if start < end else None
    shown = _Reader(render_plan(text, analyse(text, present={}, unsure={}), added=added))
    assert shown.text == text
    assert shown.added == text[start:end]
