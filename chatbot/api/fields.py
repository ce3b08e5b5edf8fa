"""Texts and numbers that the API takes, with what the description says of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

__all__ = ["PLAN_FORMAT", "WHOLE", "Filled", "Plan", "Query", "Text", "Title"]

PLAN_FORMAT = "lesson-plan-text"
"""Name in the description for what no pattern can say: a text that can be read as a document."""


def _plain(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text holds no NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("a text holds no half of a surrogate pair") from error
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("the text is empty")
    return text


# the patterns say in the description what the validators check
Text = Annotated[str, AfterValidator(_plain), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
Filled = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_filled),
    Field(json_schema_extra={"pattern": r"^[^\u0000]*\S[^\u0000]*$"}),
]
Plan = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_filled),
    Field(
        min_length=1,
        max_length=200_000,
        description="The whole lesson plan, as text: at least one word of letters, and hardly a control character.",
        json_schema_extra={"format": PLAN_FORMAT},
    ),
]
Title = Annotated[Filled, Field(min_length=1, max_length=200, description="What the thread is called.")]
Query = Annotated[
    str,
    AfterValidator(_plain),
    AfterValidator(_filled),
    Field(
        min_length=1,
        max_length=1_000,
        description="A few words.",
        json_schema_extra={"pattern": r"^[^\u0000]*\w[^\u0000]*$"},
    ),
]


def _whole(number: object) -> object:
    """JSON does not tell 5.0 from 5."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


WHOLE = BeforeValidator(_whole)
"""Takes 5.0 for 5; stands behind the bounds, so that the description keeps them."""
