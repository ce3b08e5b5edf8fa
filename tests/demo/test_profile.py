"""The profile names every measure with a word for its verdict."""

from __future__ import annotations

import re
from html import escape

from scripted_coach import analyse

from chatbot.nudges import Nudge
from demo.cards import render_log, render_notice, render_suggestion
from demo.profile import VERDICTS, render_profile
from mtl_core.rubric import RUBRIC


def test_every_measure_has_a_title_a_verdict_in_words_and_a_definition(plan, reading):
    analysis = reading(plan, present={"vocabulary": ["Tidy up."]}, unsure={"modelling": ["Next time: thirds."]})
    rows = re.findall(r"<li .*?</li>", render_profile(analysis))
    assert len(rows) == len(RUBRIC)
    for measure, row in zip(RUBRIC, rows, strict=True):
        assert escape(measure.title) in row
        assert escape(measure.definition) in row
        assert row.count("<details>") == 1
        assert VERDICTS[analysis.measures[measure.key].verdict] in row
    html = render_profile(analysis)
    assert html.count("“Tidy up.”") == 1
    assert "<strong>1</strong> found · <strong>1</strong> not sure · <strong>12</strong> not found" in html


def test_a_measure_shows_its_strongest_quote_and_the_others_on_demand(plan, reading):
    analysis = reading(plan, present={"vocabulary": ["Next time: thirds.", "Tidy up."]}, unsure={})
    row = next(row for row in re.findall(r"<li .*?</li>", render_profile(analysis)) if "ln-present" in row)
    details, outside = row.split("</details>")
    assert "Next time: thirds." in outside
    assert "Tidy up." in details


def test_a_quote_is_escaped_and_a_long_one_cut():
    text = "Pupils explain <script>alert(1)</script> " + "word " * 40 + "end."
    html = render_profile(analyse(text, present={"vocabulary": [text]}, unsure={}))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert " …”" in html


def test_before_a_reading_the_measures_are_named_without_a_verdict():
    html = render_profile(None)
    assert all(escape(measure.title) in html for measure in RUBRIC)
    assert not any(word in html for word in VERDICTS.values())


def test_what_is_no_lesson_plan_gets_no_judgement(plan, reading):
    html = render_profile(reading(plan, present={"vocabulary": ["Tidy up."]}, unsure={}, is_plan=False))
    assert "No judgement" in html
    assert "<li" not in html


def test_the_conversation_is_escaped():
    shown = render_log([{"role": "user", "content": '<img src="https://elsewhere/x.png"> & "so"'}])
    assert shown == [{"role": "user", "content": '&lt;img src="https://elsewhere/x.png"&gt; &amp; "so"'}]


def test_a_suggestion_is_escaped_and_its_title_strong():
    nudge = Nudge("nudge-1", "vocabulary", None, "", "**Words & more.** Show <b>three</b>.")
    html = render_suggestion(nudge)
    assert "<strong>Words &amp; more.</strong> Show &lt;b&gt;three&lt;/b&gt;." in html
    assert render_suggestion(None) == ""


def test_a_notice_is_escaped_and_announced():
    assert render_notice("<b>") == '<p class="ln-notice" role="alert">&lt;b&gt;</p>'
    assert render_notice("") == ""
