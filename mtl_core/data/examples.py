"""One example: a text and the labels that are known of it, for any of the tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Example", "Label"]

Label = str | tuple[str, ...]
"""One label; or the set of a multilabel or evidence task, or the BIO tags of a token task, as a tuple."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text with partial labels: a task that is not in ``labels`` is unknown, not negative.

    Args:
        text: The text as it will be read.
        labels: Label by task name. Binary and multiclass: a ``str``. Multilabel and evidence: a
            tuple of the labels that hold, empty where none does. Token: one BIO tag a word.
        words: The words of a token task; ``text`` is these words joined by blanks.
        segments: The passages of a document for evidence tasks; empty for a text read whole.
        soft: A teacher's probabilities by task name: ``[labels]`` in the order of the task's labels
            (one number, of the positive label, for a binary task).
        dataset: Name of the data set that it came from.
        group: Examples of one group never part between splits.
        source: ``file:line``, for messages.
    """

    text: str
    labels: Mapping[str, Label]
    words: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    soft: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    dataset: str = ""
    group: str = ""
    source: str = ""
