"""Labelled messages: one row a message, kept as JSON lines by batch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, NonNegativeInt, ValidationError, model_validator

from chatbot.understanding import CATEGORIES, SENTIMENTS, SLOTS, Intent
from mtl_core.errors import InputError

__all__ = [
    "DEV",
    "FRAMED",
    "HELD_OUT",
    "MESSAGES",
    "TRAINING",
    "WRITTEN",
    "MessageRow",
    "SlotSpan",
    "bio_tags",
    "load_batch",
    "load_batches",
    "rows_as_jsonl",
    "word_spans",
]

MESSAGES = Path(__file__).parents[1] / "messages"
"""Folder of the messages written for this project."""

FRAMED = ("first", "second", "third", "fourth", "fifth", "dev", "held-out", "held-out-two", "out-of-scope")
"""Batches that frames give."""

_TWENTIES = ("twenty-first", "twenty-second", "twenty-third", "twenty-fourth", "twenty-fifth", "twenty-sixth")
_RECENT = ("sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", *_TWENTIES)
_LATER = ("tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", *_RECENT)

WRITTEN = ("sixth", "seventh", "eighth", "ninth", *_LATER, "dev-two", "held-out-three", "held-out-four")
"""Batches whose messages were written one by one."""

TRAINING = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", *_LATER)
DEV = ("dev", "dev-two")
HELD_OUT = ("held-out", "held-out-two", "out-of-scope", "held-out-three", "held-out-four")

_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:['’-]\w+)*|[^\w\s]")


def _one_of(names: Iterable[str]) -> AfterValidator:
    known = tuple(names)

    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"{value!r} is none of {', '.join(known)}")
        return value

    return AfterValidator(check)


class SlotSpan(BaseModel):
    """A passage of a message that fills a slot: ``text[start:end]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    slot: Annotated[str, _one_of(SLOTS)]
    start: NonNegativeInt
    end: NonNegativeInt


class MessageRow(BaseModel):
    """One labelled message.

    Args:
        text: The message.
        intent: A value of ``Intent``.
        slots: Passages from left to right; they do not overlap and begin and end with whole words.
        category: One of ``CATEGORIES``.
        sentiment: One of ``SENTIMENTS``.
        voice: In whose manner it is written.
        batch: The sitting in which its frame was written.
        frame: Which frame of the batch; rows of one frame differ in values alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    intent: Annotated[str, _one_of(Intent)]
    slots: tuple[SlotSpan, ...]
    category: Annotated[str, _one_of(CATEGORIES)]
    sentiment: Annotated[str, _one_of(SENTIMENTS)]
    voice: str
    batch: str
    frame: str

    @model_validator(mode="after")
    def _spans_fit(self) -> MessageRow:
        starts = {start for start, _ in word_spans(self.text)}
        ends = {end for _, end in word_spans(self.text)}
        last = 0
        for span in self.slots:
            if not last <= span.start < span.end or span.start not in starts or span.end not in ends:
                raise ValueError(f"the span {span.start}:{span.end} does not hold whole words of {self.text!r}")
            last = span.end
        return self


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where the words and marks of a message begin and end.

    Args:
        text: The message.

    Returns:
        Start and end of each, from left to right.
    """
    return [found.span() for found in _WORD.finditer(text)]


def bio_tags(row: MessageRow) -> list[str]:
    """BIO tags of a row, one a word.

    Args:
        row: The row.

    Returns:
        Tags in the order of ``word_spans``.
    """
    tags = []
    for start, end in word_spans(row.text):
        inside = next((span for span in row.slots if span.start <= start and end <= span.end), None)
        tags.append("O" if inside is None else f"{'B' if inside.start == start else 'I'}-{inside.slot}")
    return tags


def load_batch(name: str, *, folder: Path = MESSAGES) -> list[MessageRow]:
    """Read one batch.

    Args:
        name: Name of the batch.
        folder: Where the batches lie.

    Returns:
        Its rows.

    Raises:
        InputError: If the file is missing or a row is not valid.
    """
    path = folder / f"{name}.jsonl"
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(MessageRow.model_validate_json(line))
        except ValidationError as error:
            raise InputError(f"{path}, line {number}: {error.errors()[0]['msg']}.") from error
    return rows


def load_batches(names: Sequence[str], *, folder: Path = MESSAGES) -> list[MessageRow]:
    """Rows of several batches, in their order."""
    return [row for name in names for row in load_batch(name, folder=folder)]


def rows_as_jsonl(rows: Iterable[MessageRow]) -> str:
    """Rows as JSON lines, the same text for the same rows."""
    return "".join(json.dumps(row.model_dump(), ensure_ascii=False) + "\n" for row in rows)
