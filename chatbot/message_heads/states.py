"""What one pass of the shared encoder gives for chat messages: a vector a message and a state a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tokenizers import Tokenizer

from chatbot.message_heads.rows import word_spans
from mtl_core.encoder import masked_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["MESSAGE_TOKENS", "MessageEncoder", "MessageStates", "MessageTokens", "pool_tokens"]

MESSAGE_TOKENS = 256
"""Tokens of a message that are read; what comes after them is in no slot."""

_BATCH = 64


@dataclass(frozen=True, slots=True)
class MessageStates:
    """One message as the heads see it.

    Args:
        vector: ``[dimension]`` float32 unit vector of the last layer, the same that search uses.
        pooled: ``[dense]`` mean state of the message: the layers that the heads read, then the tuned layers.
        words: ``[words, dense]`` mean state of each word's pieces; zeros for a word that was cut off.
    """

    vector: NDArray[np.float32]
    pooled: torch.Tensor
    words: torch.Tensor


@dataclass(frozen=True, slots=True)
class MessageTokens:
    """One message as the frozen encoder sees it, which tuning begins with.

    Args:
        start: ``[tokens, dimension]`` half-precision states that the tuned layers take.
        inner: ``[tokens, layers * dimension]`` half-precision states of the layers that the heads read.
        words: ``[tokens]`` number of the word that a token is a piece of; -1 for a token that is none.
        count: Number of words.
    """

    start: torch.Tensor
    inner: torch.Tensor
    words: torch.Tensor
    count: int


class MessageEncoder:
    """Reads messages with the shared encoder's own weights; safe to use from several threads.

    Args:
        encoder: The shared encoder; it is not changed.
        layers: Layers whose states the heads read; 0 is the embedding layer.
        tuned: Copies of its last layers, tuned on messages, whose states stand beside them.
    """

    def __init__(self, encoder: SharedEncoder, *, layers: Sequence[int], tuned: TunedLayers) -> None:
        self._encoder = encoder
        self._layers = tuple(layers)
        self._tuned = tuned
        self._start = encoder.layer_count - 1 - len(tuned.layers)
        # a copy, since truncation and padding are settings of the tokenizer itself
        self._tokenizer: Any = Tokenizer.from_str(encoder.tokenizer.backend_tokenizer.to_str())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(MESSAGE_TOKENS, encoder.max_tokens))

    def encode(self, texts: Sequence[str]) -> list[MessageStates]:
        """Encode messages in one pass, in batches by length.

        Args:
            texts: The messages.

        Returns:
            Their states, in their order.
        """
        states: dict[int, MessageStates] = {}
        for rows, pieces in self._batches(texts):
            states.update(zip(rows, self._states(pieces, [texts[row] for row in rows]), strict=True))
        return [states[row] for row in range(len(texts))]

    @torch.inference_mode()
    def tokens(self, texts: Sequence[str]) -> list[MessageTokens]:
        """The states that tuning begins with.

        Args:
            texts: The messages.

        Returns:
            Their tokens, in their order.
        """
        tokens: dict[int, MessageTokens] = {}
        for rows, pieces in self._batches(texts):
            hidden, mask = self._pass(pieces)
            start, inner = hidden[self._start].half().cpu(), self._inner(hidden).half().cpu()
            for place, (row, piece) in enumerate(zip(rows, pieces, strict=True)):
                words, count = _words_of(piece.offsets, texts[row])
                here = slice(0, int(mask[place].sum()))
                # clones, since a view would keep the padding of the batch
                tokens[row] = MessageTokens(start[place, here].clone(), inner[place, here].clone(), words, count)
        return [tokens[row] for row in range(len(texts))]

    def _batches(self, texts: Sequence[str]) -> list[tuple[list[int], list[Any]]]:
        pieces = [self._tokenizer.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(pieces[row].ids))
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        return [(rows, [pieces[row] for row in rows]) for rows in batches]

    def _pass(self, pieces: Sequence[Any]) -> tuple[tuple[torch.Tensor, ...], torch.Tensor]:
        """States of every layer, and the mask."""
        longest = max(len(piece.ids) for piece in pieces)
        ids = torch.zeros(len(pieces), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece.ids)] = torch.tensor(piece.ids)
            mask[row, : len(piece.ids)] = 1
        ids, mask = ids.to(self._encoder.device), mask.to(self._encoder.device)
        with self._precision():
            output = self._encoder.network(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        return output.hidden_states, mask

    def _inner(self, hidden: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([hidden[layer] for layer in self._layers], dim=-1)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self._encoder.device.type, torch.bfloat16, enabled=self._encoder.uses_bfloat16)

    @torch.inference_mode()
    def _states(self, pieces: Sequence[Any], texts: Sequence[str]) -> list[MessageStates]:
        hidden, mask = self._pass(pieces)
        with self._precision():
            tuned = self._tuned(hidden[self._start], mask.bool())
        vectors = torch.nn.functional.normalize(masked_mean(hidden[-1], mask), dim=-1).cpu().numpy()
        tokens = torch.cat([self._inner(hidden).float(), tuned.float()], dim=-1).cpu()
        places = [_words_of(piece.offsets, text) for piece, text in zip(pieces, texts, strict=True)]
        pooled, words = pool_tokens(tokens, mask.cpu(), places)
        return [MessageStates(vectors[row], pooled[row], words[row]) for row in range(len(texts))]


def pool_tokens(
    tokens: torch.Tensor, mask: torch.Tensor, places: Sequence[tuple[torch.Tensor, int]]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """States of messages and of their words from the states of tokens.

    Args:
        tokens: ``[batch, tokens, dense]``.
        mask: ``[batch, tokens]`` 1 for a token and 0 for padding.
        places: For each message which word each token is a piece of, and how many words there are.

    Returns:
        ``[batch, dense]`` and ``[words, dense]`` a message.
    """
    pooled = masked_mean(tokens, mask)
    counts = [count for _, count in places]
    first = np.cumsum([0, *counts])
    rows, cells, targets = [], [], []
    for row, (words, _) in enumerate(places):
        kept = torch.nonzero(words >= 0)[:, 0]
        rows.append(torch.full_like(kept, row))
        cells.append(kept)
        targets.append(words[kept] + int(first[row]))
    target = torch.cat(targets)
    flat = tokens[torch.cat(rows), torch.cat(cells)]
    sums = torch.zeros(int(first[-1]), tokens.shape[-1]).index_add(0, target, flat)
    sizes = torch.zeros(int(first[-1])).index_add(0, target, torch.ones(len(target)))
    means = sums / sizes.clamp(min=1)[:, None]
    return pooled, list(torch.split(means, counts))


def _words_of(offsets: Sequence[tuple[int, int]], text: str) -> tuple[torch.Tensor, int]:
    """Which word each token is a piece of, and the number of words."""
    spans = word_spans(text)
    words = torch.full((len(offsets),), -1, dtype=torch.long)
    place = 0
    for number, (start, end) in enumerate(offsets):
        if start == end:
            continue
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        if place < len(spans) and spans[place][0] < end:
            words[number] = place
    return words, len(spans)
