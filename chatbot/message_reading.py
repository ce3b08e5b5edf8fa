"""How typed messages are understood: the plain phrases first, then the message heads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chatbot.phrase_rules import read_phrases
from chatbot.understanding import Intent, Understood
from mtl_core.errors import ArtifactError

if TYPE_CHECKING:
    from chatbot.understanding import MessageReader
    from mtl_core.encoder import SharedEncoder

__all__ = ["PhrasesThenHeads", "message_reader"]


class PhrasesThenHeads:
    """A phrase that stands on a button means the button, whatever the heads would say; the rest is for the heads.

    Args:
        heads: Reads what is no known phrase.
    """

    def __init__(self, heads: MessageReader) -> None:
        self._heads = heads

    def __call__(self, message: str) -> Understood:
        """Understand a message.

        Args:
            message: What was typed.

        Returns:
            What it asks for.

        Raises:
            InputError: If the message is empty, too long or no plain text.
        """
        read = read_phrases(message)
        further = self._heads(message)
        # the phrases call everything that they do not know a search, and know nothing of tone
        if read.intent == Intent.SEARCH:
            return further
        return replace(read, category=further.category, sentiment=further.sentiment)


def message_reader(encoder: SharedEncoder) -> MessageReader:
    """The best reader of messages for an encoder.

    Args:
        encoder: The shared encoder.

    Returns:
        Phrases and heads; phrases alone where the heads were trained on another encoder.
    """
    from chatbot.message_heads.reader import MessageHeads  # noqa: PLC0415 - seconds to import

    try:
        return PhrasesThenHeads(MessageHeads.from_pretrained(encoder=encoder))
    except ArtifactError:
        return read_phrases
