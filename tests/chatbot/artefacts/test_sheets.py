from __future__ import annotations

import io

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from made_plans import FRACTIONS, LONG, PLANS, TEXTS, document_of
from pypdf import PdfReader

from chatbot.artefacts import export_plan


def page_text(data: bytes) -> str:
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 1
    return " ".join(reader.pages[0].extract_text().split())


def ink_at_the_border(data: bytes, points: float) -> bool:
    """Whether anything is drawn in the white border of the page."""
    page = pypdfium2.PdfDocument(data)[0].render(scale=1).to_pil().convert("L")
    width, height = page.size
    inner = page.crop((round(points), round(points), width - round(points), height - round(points)))
    page.paste(255, (round(points), round(points), width - round(points), height - round(points)))
    assert inner.getextrema()[0] < 200
    return bool(page.getextrema()[0] < 250)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_the_handout_of_any_text_is_one_page(text: str) -> None:
    page_text(export_plan(document_of(text), "pdf").data)


@pytest.mark.parametrize("name", PLANS)
def test_nothing_runs_into_the_border(name: str) -> None:
    assert not ink_at_the_border(export_plan(document_of(PLANS[name]), "pdf").data, 38)


def test_letters_of_many_scripts_show() -> None:
    text = FRACTIONS.replace("Fraction strips", "strips").replace(
        "Pupils copy nothing yet.", "Évaporation α – Ж ½ “yes”."
    )
    data = export_plan(document_of(text), "pdf").data
    assert "Évaporation α – Ж ½ “yes”." in page_text(data)
    assert "□" not in page_text(data)
    assert "□" in page_text(export_plan(document_of(text.replace("½", "雨")), "pdf").data)


def test_the_handout_holds_objectives_words_steps_and_question() -> None:
    text = page_text(export_plan(document_of(FRACTIONS), "pdf").data)
    places = [
        text.index(words)
        for words in (
            "Adding fractions",
            "Add two fractions",
            "the number of equal parts",
            "Pairs solve",
            "Solve 1/3 + 1/4",
        )
    ]
    assert places == sorted(places)


def test_what_does_not_fit_is_counted() -> None:
    text = page_text(export_plan(document_of(LONG), "pdf").data)
    assert "Pupils measure beaker 1 " in text
    assert "more steps in the plan." in text


def test_the_exit_ticket_asks_the_plan_s_own_question_twice() -> None:
    text = page_text(export_plan(document_of(FRACTIONS), "exit-ticket").data)
    assert text.count("Solve 1/3 + 1/4. How do you know that your answer is less than 1?") == 2
    history = page_text(export_plan(document_of(PLANS["history"]), "exit-ticket").data)
    assert history.count("Which letter would you trust more, and why?") == 2


def test_without_a_question_the_ticket_takes_the_objectives() -> None:
    text = "# Rain\n\n## Objectives\n\n- Explain rain.\n\nPupils draw."
    assert page_text(export_plan(document_of(text), "exit-ticket").data).count("Explain rain.") == 2
