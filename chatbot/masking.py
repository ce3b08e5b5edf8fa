"""Names of pupils, e-mail addresses and telephone numbers are masked before a text is read or kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from chatbot.masking_contacts import find_emails, find_phones
from chatbot.masking_names import find_names
from chatbot.masking_spans import MASKS, Span

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder

__all__ = ["Masker", "NameFinder", "find_personal", "name_finder"]

NameFinder = Callable[[str], list[Span]]
"""Finds pupils' names in a text by more than rules."""

_MOST_CHARACTERS = 200_000
"""Longer texts are refused by the coach, so they are not read for names either."""

_ROUNDS = 4


def name_finder(encoder: SharedEncoder) -> NameFinder | None:
    """The best finder of names for an encoder.

    Args:
        encoder: The shared encoder.

    Returns:
        The shipped name heads; ``None`` where they were trained on another encoder, then rules alone find names.

    Raises:
        ArtifactError: If the heads are damaged: names must not stay because of that without a word.
    """
    from chatbot.name_heads.artifact import OtherEncoderError  # noqa: PLC0415 - seconds to import
    from chatbot.name_heads.reader import NameReader  # noqa: PLC0415 - seconds to import

    try:
        return NameReader.from_pretrained(encoder=encoder)
    except OtherEncoderError:
        return None


def find_personal(text: str, *, names: frozenset[str] = frozenset(), finder: NameFinder | None = None) -> list[Span]:
    """Passages that are personal data.

    A name counts where the context is about a pupil: a list of a class or a group, a note on needs,
    a seat, a person who is supported. Names of authors, historical persons and characters stay.

    Args:
        text: Any text.
        names: Words known to be pupils' names from earlier texts of the same conversation.
        finder: Finds further names; what it finds is a name wherever it stands in the text.

    Returns:
        Passages in order; none overlaps another.
    """
    contacts = [*find_emails(text), *find_phones(text)]
    further = [] if finder is None or len(text) > _MOST_CHARACTERS else finder(text)
    known = names | {text[span.start : span.end] for span in further}
    found: list[Span] = []
    every = [*contacts, *further, *find_names(text, names=known)]
    for span in sorted(every, key=lambda span: (span.start, -span.end)):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return found


class Masker:
    """Masks text after text of one conversation; a name found in one is known in the next.

    Args:
        on: Whether anything is masked; where not, every text comes back as it is.
        names: Words known to be pupils' names already.
        finder: Finds further names; ``None`` leaves it to rules.

    Attributes:
        names: Words that are known by now.
        counts: How many passages were masked, by kind.
    """

    def __init__(
        self, *, on: bool = True, names: frozenset[str] = frozenset(), finder: NameFinder | None = None
    ) -> None:
        self._on = on
        self._finder = finder
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
        return self._masked(text, self._finder, rounds=_ROUNDS)

    def quote(self, text: str) -> str:
        """Mask a passage of a text that was masked before: what stayed there stays here, so that it is found again.

        Args:
            text: The passage.

        Returns:
            See a call; names are found by rules and by what is known alone.
        """
        return self._masked(text, None, rounds=1)

    def _masked(self, text: str, finder: NameFinder | None, *, rounds: int) -> str:
        if not self._on:
            return text
        for _ in range(rounds):
            masked = self._once(text, finder)
            if masked == text:
                return masked
            # with a name gone the words around another may say more, and a text must not change when it comes again
            text = masked
        return text

    def _once(self, text: str, finder: NameFinder | None) -> str:
        parts: list[str] = []
        end = 0
        for span in find_personal(text, names=self.names, finder=finder):
            parts += [text[end : span.start], MASKS[span.kind]]
            end = span.end
            self._counts[span.kind] += 1
            if span.kind == "name":
                self.names |= {text[span.start : span.end]}
        return "".join([*parts, text[end:]])
