"""Understands chat messages by the message heads, in one pass of the shared encoder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import torch

from chatbot.message_heads.artifact import SHIPPED_HEADS, TrainedHeads, checked_encoder, read_heads
from chatbot.message_heads.features import message_features, word_features
from chatbot.message_heads.layers import INTENTS, Bags, best_tags, word_context
from chatbot.message_heads.rows import word_spans
from chatbot.message_heads.states import MessageEncoder, MessageStates
from chatbot.understanding import CATEGORIES, SENTIMENTS, Intent, Understood, checked_message

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["MessageHeads", "MessageReading", "argument_of"]

_SCOPE = INTENTS.index(Intent.OUT_OF_SCOPE)
_QUOTED = re.compile(r"[\"“«„](?P<quote>[^\"”»“]{2,})[\"”»“]")
_AFTER_COLON = re.compile(r"^[^:\n]{1,60}:\s+(?P<rest>\S.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MessageReading:
    """One message as it was read.

    Args:
        understood: What it asks for.
        vector: ``[dimension]`` unit vector of the same pass, for a search without encoding it again.
        probabilities: ``[intents]`` calibrated, in the order of ``INTENTS``.
        tags: BIO tags, one a word.
    """

    understood: Understood
    vector: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    tags: tuple[str, ...]


class MessageHeads:
    """The message heads on the shared encoder; a ``MessageReader``.

    Args:
        encoder: The shared encoder; it is not changed.
        heads: The heads and the tuned layers below them.

    Raises:
        ArtifactError: If the heads were trained on another encoder.
    """

    def __init__(self, encoder: SharedEncoder, heads: TrainedHeads) -> None:
        self.config = checked_encoder(heads.config, encoder)
        self._layers = heads.layers
        self._sizes = heads.config.sizes(encoder.dimension)
        self._encoder = MessageEncoder(encoder, layers=heads.config.layers, tuned=heads.tuned)
        self._steps = heads.layers.steps.detach().numpy()
        self._begin = heads.layers.begin.detach().numpy()

    @classmethod
    def from_pretrained(cls, folder: str | Path | None = None, *, encoder: SharedEncoder) -> MessageHeads:
        """Open saved heads.

        Args:
            folder: Where they lie; the shipped ones by default.
            encoder: The encoder that they were trained on.

        Returns:
            The heads.

        Raises:
            ArtifactError: If they are missing, damaged, or belong to another encoder.
        """
        return cls(encoder, read_heads(folder or SHIPPED_HEADS, encoder=encoder))

    def __call__(self, message: str, /) -> Understood:
        """Understand one message.

        Args:
            message: What was typed.

        Returns:
            How it was understood.

        Raises:
            InputError: If it is empty, too long or no text.
        """
        return self.read([message])[0].understood

    def read(self, messages: Sequence[str]) -> list[MessageReading]:
        """Read messages in one pass.

        Args:
            messages: The messages.

        Returns:
            A reading of each, in their order.

        Raises:
            InputError: If one is empty, too long or no text.
        """
        texts = [checked_message(message) for message in messages]
        return self.judge(texts, self._encoder.encode(texts)) if texts else []

    @torch.inference_mode()
    def judge(self, texts: Sequence[str], states: Sequence[MessageStates]) -> list[MessageReading]:
        """Read messages whose states are known.

        Args:
            texts: The messages.
            states: Their states, of the layers that the heads read.

        Returns:
            A reading of each, in their order.
        """
        buckets = [message_features(text, buckets=self._sizes.message_buckets) for text in texts]
        pooled = torch.stack([state.pooled for state in states])
        logits = self._layers.labels(pooled, Bags.of(buckets))
        probabilities = torch.softmax(logits[0] / self.config.temperature, dim=-1).numpy()
        categories, sentiments = logits[1].argmax(-1).tolist(), logits[2].argmax(-1).tolist()
        readings = []
        for row, (text, state) in enumerate(zip(texts, states, strict=True)):
            spans = word_spans(text)
            intent, confidence = self._intent(probabilities[row])
            # what is out of scope names nothing that the coach could use
            outside = intent == Intent.OUT_OF_SCOPE
            tags = ["O"] * len(spans) if outside else self._tags([text[start:end] for start, end in spans], state)
            understood = Understood(
                intent=intent,
                confidence=confidence,
                slots=MappingProxyType(_slots(text, spans, tags)),
                category=CATEGORIES[categories[row]],
                sentiment=SENTIMENTS[sentiments[row]],
                argument=argument_of(text, intent),
            )
            readings.append(MessageReading(understood, state.vector, probabilities[row], tuple(tags)))
        return readings

    def _tags(self, words: Sequence[str], state: MessageStates) -> list[str]:
        if not words:
            return []
        bags = Bags.of(word_features(words, buckets=self._sizes.word_buckets))
        emissions = self._layers.emissions(word_context(state.words, state.pooled), bags).numpy()
        return best_tags(emissions, self._steps, self._begin)

    def _intent(self, probabilities: NDArray[np.float32]) -> tuple[str, float]:
        """Out of scope from its own threshold on, else the likeliest of the others."""
        if probabilities[_SCOPE] >= self.config.scope_from:
            return INTENTS[_SCOPE], float(probabilities[_SCOPE])
        others = probabilities.copy()
        others[_SCOPE] = 0.0
        best = int(others.argmax())
        return INTENTS[best], float(probabilities[best])


def _slots(text: str, spans: Sequence[tuple[int, int]], tags: Sequence[str]) -> dict[str, str]:
    """The first passage of each slot."""
    slots: dict[str, tuple[int, int]] = {}
    running = ""
    for (start, end), tag in zip(spans, tags, strict=True):
        name = tag[2:]
        if tag.startswith("B-"):
            running = "" if name in slots else name
            slots.setdefault(name, (start, end))
        elif tag.startswith("I-") and running == name:
            slots[name] = (slots[name][0], end)
        else:
            running = ""
    return {name: text[start:end] for name, (start, end) in slots.items()}


def argument_of(text: str, intent: str) -> str:
    """What an intent works on.

    Args:
        text: The message.
        intent: Its intent.

    Returns:
        For an edit or ``already_there`` the quoted passage, or what follows the first colon, or nothing; elsewhere
        the message without the blanks around it.
    """
    if intent not in {Intent.EDIT, Intent.ALREADY_THERE}:
        return text.strip()
    if intent == Intent.EDIT and re.match(r"\s*edit\s*:", text, re.IGNORECASE):
        return text.split(":", 1)[1].strip()
    if quoted := _QUOTED.search(text):
        return quoted["quote"].strip()
    found = _AFTER_COLON.match(text.strip())
    return found["rest"].strip() if found else ""
