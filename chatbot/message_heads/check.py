"""Whether the written messages are sound: duplicates, conflicts, balance, and leaks between batches."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from chatbot.message_heads.listed import load_listed
from chatbot.message_heads.rows import DEV, HELD_OUT, TRAINING, WRITTEN, MessageRow, load_batches
from chatbot.understanding import SLOTS, Intent

__all__ = ["OPEN_SLOTS", "Counts", "count_rows", "find_problems", "frame_key", "plain"]

OPEN_SLOTS = ("topic", "subject")
"""Slots whose values in frames share nothing between training and the other batches, but for common words."""

_LEAST_ROWS, _LEAST_INTENT, _LEAST_SLOT = 3_000, 60, 150
_COMMON_SUBJECTS = frozenset({"maths", "science", "english", "history", "geography"})


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows and frames there are, and rows by intent, slot and voice."""

    rows: int
    frames: int
    intents: Counter[str]
    slots: Counter[str]
    voices: Counter[str]


def plain(text: str) -> str:
    """A message without case, marks and doubled blanks, by which repeats are known; marks alone stay."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split()) or text


def frame_key(row: MessageRow) -> str:
    """A row's frame in words: its text with every slot value replaced by the slot's name, then made plain."""
    text = row.text
    for span in reversed(row.slots):
        text = f"{text[: span.start]} slot{span.slot} {text[span.end :]}"
    return plain(text)


def count_rows(rows: Sequence[MessageRow]) -> Counts:
    """Count rows, frames, intents, slots and voices.

    Args:
        rows: The rows.

    Returns:
        The counts.
    """
    return Counts(
        rows=len(rows),
        frames=len({frame_key(row) for row in rows}),
        intents=Counter(row.intent for row in rows),
        slots=Counter(span.slot for row in rows for span in row.slots),
        voices=Counter(row.voice for row in rows),
    )


def find_problems(
    training: Sequence[MessageRow],
    dev: Sequence[MessageRow],
    held: Sequence[MessageRow],
    *,
    listed: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[str]:
    """Everything that is wrong with the messages.

    Args:
        training: Rows to learn from.
        dev: Rows to choose by.
        held: Rows that only measure.
        listed: Values by slot that variations of the training rows take.

    Returns:
        One sentence a problem, in a fixed order; none where the messages are sound.
    """
    return [
        *_repeats([*training, *dev, *held]),
        *_conflicts([*training, *dev, *held]),
        *_leaks("dev", training, dev),
        *_leaks("held-out", [*training, *dev], held),
        *_shared_values(training, "dev", _framed(dev), listed),
        *_shared_values([*training, *dev], "held-out", _framed(held), listed),
        *_balance(training),
    ]


def _repeats(rows: Sequence[MessageRow]) -> list[str]:
    counts = Counter((row.batch, row.text) for row in rows)
    return [f"{batch}: {text!r} stands {count} times" for (batch, text), count in counts.items() if count > 1]


def _conflicts(rows: Sequence[MessageRow]) -> list[str]:
    intents: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        intents[row.text.casefold()].add(row.intent)
    return [f"{text!r} is {' and '.join(sorted(found))}" for text, found in intents.items() if len(found) > 1]


def _leaks(name: str, learned: Sequence[MessageRow], judged: Sequence[MessageRow]) -> list[str]:
    texts, frames = {plain(row.text) for row in learned}, {frame_key(row) for row in learned}
    leaks = [row for row in judged if plain(row.text) in texts or frame_key(row) in frames]
    return [f"{name}: the frame of {row.text!r} was learned from" for row in leaks]


def _values(rows: Sequence[MessageRow], slot: str) -> set[str]:
    found = {row.text[span.start : span.end].casefold() for row in rows for span in row.slots if span.slot == slot}
    return found - _COMMON_SUBJECTS


def _framed(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """Rows of frames: messages that were written one by one name what teachers name, so their values may recur."""
    return [row for row in rows if row.batch not in WRITTEN]


def _shared_values(
    learned: Sequence[MessageRow], name: str, judged: Sequence[MessageRow], listed: Mapping[str, Sequence[str]]
) -> list[str]:
    problems = []
    for slot in OPEN_SLOTS:
        known = _values(learned, slot) | {value.casefold() for value in listed.get(slot, ())} - _COMMON_SUBJECTS
        shared = sorted(known & _values(judged, slot))
        problems += [f"{name}: the {slot} {value!r} was learned from" for value in shared]
    return problems


def _balance(training: Sequence[MessageRow]) -> list[str]:
    counts = count_rows(training)
    problems = [] if counts.rows >= _LEAST_ROWS else [f"training: {counts.rows} rows are fewer than {_LEAST_ROWS}"]
    few = [intent for intent in Intent if counts.intents[intent] < _LEAST_INTENT]
    problems += [f"training: {intent} has {counts.intents[intent]} rows, fewer than {_LEAST_INTENT}" for intent in few]
    rare = [slot for slot in SLOTS if counts.slots[slot] < _LEAST_SLOT]
    return problems + [
        f"training: {slot} is filled {counts.slots[slot]} times, fewer than {_LEAST_SLOT}" for slot in rare
    ]


def _main() -> int:
    batches = [load_batches(names) for names in (TRAINING, DEV, HELD_OUT)]
    for name, rows in zip(("training", "dev", "held-out"), batches, strict=True):
        counts = count_rows(rows)
        sys.stdout.write(f"{name}: {counts.rows} rows of {counts.frames} frames, {len(counts.voices)} voices\n")
        sys.stdout.write(f"  intents {dict(sorted(counts.intents.items()))}\n  slots {dict(counts.slots)}\n")
    listed = load_listed()
    sys.stdout.write(f"listed: { {slot: len(values) for slot, values in listed.items()} }\n")
    problems = find_problems(*batches, listed=listed)
    sys.stdout.write("".join(f"problem: {problem}\n" for problem in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(_main())
