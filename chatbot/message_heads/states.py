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

__all__ = ["MESSAGE_TOKENS", "MessageEncoder", "MessageStates"]

MESSAGE_TOKENS = 256
"""Tokens of a message that are read; what comes after them is in no slot."""

_BATCH = 64


@dataclass(frozen=True, slots=True)
class MessageStates:
    """One message as the encoder sees it.

    Args:
        vector: ``[dimension]`` float32 unit vector of the last layer, the same that search uses.
        pooled: ``[layers * dimension]`` float32 mean-pooled states of the layers asked for.
        words: ``[words, layers * dimension]`` float32 mean state of each word's pieces; zeros for a word
            that was cut off.
    """

    vector: NDArray[np.float32]
    pooled: NDArray[np.float32]
    words: NDArray[np.float32]


class MessageEncoder:
    """Reads messages with the shared encoder's own weights; safe to use from several threads.

    Args:
        encoder: The shared encoder; it is not changed.
        layers: Layers whose states are given; 0 is the embedding layer.
    """

    def __init__(self, encoder: SharedEncoder, *, layers: Sequence[int]) -> None:
        self._encoder = encoder
        self._layers = tuple(layers)
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
        pieces = [self._tokenizer.encode(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(pieces[row].ids))
        states: dict[int, MessageStates] = {}
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            read = self._forward([pieces[row] for row in rows], [texts[row] for row in rows])
            states.update(zip(rows, read, strict=True))
        return [states[row] for row in range(len(texts))]

    @torch.inference_mode()
    def _forward(self, pieces: Sequence[Any], texts: Sequence[str]) -> list[MessageStates]:
        device = self._encoder.device
        longest = max(len(piece.ids) for piece in pieces)
        ids = torch.zeros(len(pieces), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece.ids)] = torch.tensor(piece.ids)
            mask[row, : len(piece.ids)] = 1
        ids, mask = ids.to(device), mask.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self._encoder.uses_bfloat16):
            output = self._encoder.network(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        vectors = torch.nn.functional.normalize(masked_mean(output.last_hidden_state, mask), dim=-1).cpu().numpy()
        inner = torch.cat([output.hidden_states[layer] for layer in self._layers], dim=-1).float()
        pooled, tokens = masked_mean(inner, mask).cpu().numpy(), inner.cpu().numpy()
        return [
            MessageStates(vectors[row], pooled[row], _word_states(tokens[row], pieces[row].offsets, text))
            for row, text in enumerate(texts)
        ]


def _word_states(tokens: NDArray[np.float32], offsets: Sequence[tuple[int, int]], text: str) -> NDArray[np.float32]:
    """Mean state of the pieces that lie in each word."""
    spans = word_spans(text)
    words = np.zeros((len(spans), tokens.shape[1]), np.float32)
    counts = np.zeros((len(spans), 1), np.float32)
    place = 0
    for number, (start, end) in enumerate(offsets):
        if start == end:
            continue
        while place < len(spans) and spans[place][1] <= start:
            place += 1
        if place < len(spans) and spans[place][0] < end:
            words[place] += tokens[number]
            counts[place] += 1
    means: NDArray[np.float32] = (words / np.maximum(counts, 1)).astype(np.float32)
    return means
