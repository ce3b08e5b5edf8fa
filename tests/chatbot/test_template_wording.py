"""Shipped templates are ideas: none of them orders the teacher about."""

from __future__ import annotations

import re

from chatbot.wording import forbidden_words
from retrieval import TemplateLibrary

_ORDERS = re.compile(
    r"\b(?:you|teachers?|the adult|staff|colleagues?)\b(?: \w+)? (?:must|should|ought|ha(?:ve|s) to|needs? to)\b",
    re.IGNORECASE,
)


def test_no_template_orders_the_teacher_about() -> None:
    assert _ORDERS.search("Then the teacher must check.")
    assert _ORDERS.search("You really should stop.")
    found = {
        template.id: match.group()
        for template in TemplateLibrary.shipped().values()
        for words in (template.title, template.summary, template.text, *template.steps)
        if (match := _ORDERS.search(words))
    }
    assert found == {}


def test_a_title_which_the_coach_says_itself_neither_commands_nor_blames() -> None:
    # to point and to rank are what pupils do; the coach says titles in quotation marks
    found = {word.lower() for t in TemplateLibrary.shipped().values() for word in forbidden_words(t.title)}
    assert found <= {"point", "rank"}
