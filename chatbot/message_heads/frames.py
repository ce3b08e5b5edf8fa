"""Hand-written message frames and lists of values, and the rows that a batch's frames give.

A frame file has headers ``@intent category sentiment voice`` and below each one frame a line. ``{topic}`` stands for a
value of the slot, ``{part}`` and ``{quote}`` for a filler that is no slot. ``python -m chatbot.message_heads.frames``
writes the batches.
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from chatbot.message_heads.rows import FRAMED, MESSAGES, MessageRow, SlotSpan, rows_as_jsonl
from mtl_core.errors import InputError
from mtl_core.saved import write_atomic

__all__ = ["Frame", "Values", "fill_frame", "read_frames", "read_values", "write_batches"]

_HOLE = re.compile(r"\{(\w+)\}")
_SLOT_OF_HOLE = {"graders": "grade", "minute": "minutes"}
_LOWER_VOICES = frozenset({"phone", "texting"})
_VALUES = {"dev": "dev", "held-out": "held_out", "held-out-two": "held_out", "out-of-scope": "held_out"}
_ROWS_WITH_SLOTS = {"dev": 2, "held-out": 1, "held-out-two": 1, "out-of-scope": 1}
_TRAINING_ROWS = 6


class Values(BaseModel):
    """Values by slot; topics stand by subject, so that a frame with both gets a pair that fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: dict[str, tuple[str, ...]]
    grade: tuple[str, ...]
    graders: tuple[str, ...]
    minutes: tuple[str, ...]
    minute: tuple[str, ...]
    measure: tuple[str, ...]
    group_size: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A message with holes and its labels."""

    text: str
    intent: str
    category: str
    sentiment: str
    voice: str

    @property
    def holes(self) -> tuple[str, ...]:
        """Names of the holes from left to right."""
        return tuple(_HOLE.findall(self.text))


def read_frames(path: Path) -> list[Frame]:
    """Read a frame file.

    Args:
        path: The file.

    Returns:
        Its frames.

    Raises:
        InputError: If a header has other than four words, or a frame stands before any header.
    """
    frames, labels = [], None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("@"):
            labels = line[1:].split()
            if len(labels) != 4:
                raise InputError(f"{path.name}, line {number}: a header is @intent category sentiment voice.")
        elif line.strip():
            if labels is None:
                raise InputError(f"{path.name}, line {number}: a frame needs a header above it.")
            frames.append(Frame(line.strip(), *labels))
    return frames


def read_values(name: str, *, folder: Path = MESSAGES) -> tuple[Values, dict[str, tuple[str, ...]]]:
    """Read a list of values and the fillers.

    Args:
        name: Name of the list.
        folder: The messages.

    Returns:
        Values and fillers by name.

    Raises:
        InputError: If a list is not valid.
    """
    try:
        values = Values.model_validate_json((folder / "values" / f"{name}.json").read_bytes())
    except ValidationError as error:
        raise InputError(f"values/{name}.json: {error.errors()[0]['msg']}.") from error
    fillers = json.loads((folder / "values" / "fillers.json").read_text(encoding="utf-8"))
    return values, {key: tuple(part) for key, part in fillers.items()}


def fill_frame(
    frame: Frame, values: Values, fillers: dict[str, tuple[str, ...]], *, seed: str
) -> tuple[str, tuple[SlotSpan, ...]]:
    """Put values into a frame's holes.

    Args:
        frame: The frame.
        values: Values by slot.
        fillers: Fillers by name; they fill no slot.
        seed: The same seed gives the same values.

    Returns:
        The message and its slot passages.

    Raises:
        InputError: If the frame has an unknown hole.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice of words
    subject = chance.choice(sorted(values.topics))
    lists = {**values.model_dump(exclude={"topics"}), **fillers, "subject": (subject,), "topic": values.topics[subject]}
    text, spans, used, place = "", [], set(), 0
    for hole in _HOLE.finditer(frame.text):
        name = hole[1]
        if name not in lists:
            raise InputError(f"the frame {frame.text!r} has the unknown hole {name!r}.")
        options = [value for value in lists[name] if value not in used] or list(lists[name])
        value = chance.choice(options)
        used.add(value)
        if frame.voice in _LOWER_VOICES:
            value = value.lower()
        text += frame.text[place : hole.start()]
        if name not in fillers:
            spans.append(SlotSpan(slot=_SLOT_OF_HOLE.get(name, name), start=len(text), end=len(text) + len(value)))
        text += value
        place = hole.end()
    text += frame.text[place:]
    return (text.upper() if frame.voice == "caps" else text), tuple(spans)


def _batch_rows(batch: str, frames: Sequence[Frame], *, folder: Path) -> list[MessageRow]:
    values, fillers = read_values(_VALUES.get(batch, "train"), folder=folder)
    rows, seen = [], set()
    for number, frame in enumerate(frames):
        count = _ROWS_WITH_SLOTS.get(batch, _TRAINING_ROWS)
        repeats = 1 if not frame.holes else count if set(frame.holes) - set(fillers) else min(count, 2)
        for repeat in range(repeats):
            text, spans = fill_frame(frame, values, fillers, seed=f"{batch}:{frame.text}:{repeat}")
            if text in seen:
                continue
            seen.add(text)
            labels = {"intent": frame.intent, "category": frame.category, "sentiment": frame.sentiment}
            rows.append(
                MessageRow(text=text, slots=spans, voice=frame.voice, batch=batch, frame=f"{batch}-{number}", **labels)
            )
    return rows


def write_batches(*, folder: Path = MESSAGES) -> dict[str, int]:
    """Write every batch that frames give.

    Args:
        folder: The messages: ``frames`` and ``values`` lie in it, and the batches are written to it.

    Returns:
        Number of rows by batch.
    """
    counts = {}
    for batch in FRAMED:
        rows = _batch_rows(batch, read_frames(folder / "frames" / f"{batch}.txt"), folder=folder)
        write_atomic(folder / f"{batch}.jsonl", rows_as_jsonl(rows).encode())
        counts[batch] = len(rows)
    return counts


if __name__ == "__main__":
    sys.stdout.write("".join(f"{batch}: {count} rows\n" for batch, count in write_batches().items()))
