"""Names of pupils, e-mail addresses and telephone numbers are masked before a text is read or kept."""

from __future__ import annotations

from collections import Counter

from chatbot.masking_contacts import find_emails, find_phones
from chatbot.masking_names import find_names
from chatbot.masking_spans import MASKS, Span

__all__ = ["Masker", "find_personal"]


def find_personal(text: str, *, names: frozenset[str] = frozenset()) -> list[Span]:
    """Passages that are personal data.

    A name counts where the context is about a pupil: a list of a class or a group, a note on needs,
    a seat, a person who is supported. Names of authors, historical persons and characters stay.

    Args:
        text: Any text.
        names: Words known to be pupils' names from earlier texts of the same conversation.

    Returns:
        Passages in order; none overlaps another.
    """
    contacts = [*find_emails(text), *find_phones(text)]
    found: list[Span] = []
    for span in sorted([*contacts, *find_names(text, names=names)], key=lambda span: (span.start, -span.end)):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


class Masker:
    """Masks text after text of one conversation; a name found in one is known in the next.

    Args:
        on: Whether anything is masked; where not, every text comes back as it is.
        names: Words known to be pupils' names already.

    Attributes:
        names: Words that are known by now.
        counts: How many passages were masked, by kind.
    """

    def __init__(self, *, on: bool = True, names: frozenset[str] = frozenset()) -> None:
        self._on = on
        self.names = names
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """How many passages were masked so far, by kind."""
        return dict(self._counts)

    def __call__(self, text: str) -> str:
        """Mask a text.

        Args:
            text: As it was given.

        Returns:
            The text with ``[pupil]``, ``[e-mail]`` and ``[phone]`` in place of what is personal; without
            any, the same text byte for byte.
        """
        if not self._on:
            return text
        parts: list[str] = []
        end = 0
        for span in find_personal(text, names=self.names):
            parts += [text[end : span.start], MASKS[span.kind]]
            end = span.end
            self._counts[span.kind] += 1
            if span.kind == "name":
                self.names |= {text[span.start : span.end]}
        return "".join([*parts, text[end:]])
