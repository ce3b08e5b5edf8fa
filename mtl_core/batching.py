"""From examples to padded tensors: every passage becomes one sequence of word pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch

from mtl_core.data.examples import Example
from mtl_core.data.tokens import WordAligner
from mtl_core.errors import InputError
from mtl_core.heads.base import CUT, NO_WORD

__all__ = ["TextBatch", "TokenisedExample", "as_example", "group_by_length", "pad_batch", "tokenise"]

_TOKENS_PER_BATCH = 4096


@dataclass(frozen=True, slots=True)
class TokenisedExample:
    """Word pieces of one example.

    Args:
        sequences: Token ids of each passage, special tokens included.
        words: Place of each word's first piece, ``CUT`` for a word beyond the token budget.
    """

    sequences: tuple[tuple[int, ...], ...]
    words: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Number of tokens."""
        return sum(map(len, self.sequences))


class TextBatch(NamedTuple):
    """What the encoder reads.

    Args:
        input_ids: ``[sequences, tokens]``.
        attention_mask: ``[sequences, tokens]`` 1 for a token, 0 for padding.
        lengths: ``[examples]`` number of sequences of each example.
        words: ``[examples, words]`` place of each word's first piece, ``CUT`` or ``NO_WORD``.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    lengths: torch.Tensor
    words: torch.Tensor

    def to(self, device: torch.device) -> TextBatch:
        """The batch on a device."""
        return TextBatch(*(part.to(device) for part in self))


def tokenise(tokenizer: Any, examples: Sequence[Example], *, max_tokens: int) -> list[TokenisedExample]:
    """Word pieces of examples: words where they are given, else segments, else the text.

    Args:
        tokenizer: A fast Hugging Face tokenizer.
        examples: The examples.
        max_tokens: Token budget of a sequence, special tokens included.

    Returns:
        One entry an example.
    """
    texts = [text for example in examples if not example.words for text in example.segments or (example.text,)]
    read = iter(tokenizer(texts, truncation=True, max_length=max_tokens, verbose=False)["input_ids"] if texts else [])
    align = WordAligner(tokenizer, max_length=max_tokens) if any(example.words for example in examples) else None
    done = []
    for example in examples:
        if example.words and align is not None:
            pieces = align(example.words)
            places = (*pieces.first_piece_positions, *[CUT] * pieces.words_cut)
            done.append(TokenisedExample((tuple(pieces.input_ids),), places))
        else:
            count = len(example.segments) or 1
            done.append(TokenisedExample(tuple(tuple(next(read)) for _ in range(count))))
    return done


def pad_batch(examples: Sequence[TokenisedExample], *, pad_id: int) -> TextBatch:
    """Pad examples to their longest sequence.

    Args:
        examples: At least one.
        pad_id: Token id of padding.

    Returns:
        The batch.
    """
    sequences = [sequence for example in examples for sequence in example.sequences]
    width = max(map(len, sequences))
    ids = torch.full((len(sequences), width), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = torch.tensor(sequence)
        mask[row, : len(sequence)] = 1
    most = max(len(example.words) for example in examples)
    words = torch.full((len(examples), most), NO_WORD, dtype=torch.long)
    for row, example in enumerate(examples):
        words[row, : len(example.words)] = torch.tensor(example.words, dtype=torch.long)
    return TextBatch(ids, mask, torch.tensor([len(example.sequences) for example in examples]), words)


def as_example(given: str | Example, number: int, *, words: bool) -> Example:
    """What a user gave for prediction, as an example.

    Args:
        given: A text or an example.
        number: Its place among those given, for messages.
        words: Whether a text without words and segments is cut into words at blanks.

    Returns:
        The example.

    Raises:
        InputError: If the text is empty.
    """
    example = Example(text=given, labels={}, source=f"text {number + 1}") if isinstance(given, str) else given
    if not example.text.strip():
        raise InputError(f"{example.source or f'text {number + 1}'} is empty; give some text.")
    if words and not example.words and not example.segments:
        return replace(example, words=tuple(example.text.split()))
    return example


def group_by_length(tokenised: Sequence[TokenisedExample]) -> list[list[int]]:
    """Batches of similar length and of bounded padded size, for reading without training.

    Examples with words go apart from those without, since a token task can judge all of a batch or none.

    Args:
        tokenised: The examples.

    Returns:
        Rows by batch, shortest first; every row is in exactly one.
    """
    widths = [max(map(len, example.sequences)) for example in tokenised]
    order = sorted(range(len(tokenised)), key=lambda row: (bool(tokenised[row].words), widths[row], row))
    batches: list[list[int]] = []
    used = 0
    for row in order:
        width, count = widths[row], len(tokenised[row].sequences)
        alike = bool(batches) and bool(tokenised[batches[-1][0]].words) == bool(tokenised[row].words)
        if alike and (used + count) * width <= _TOKENS_PER_BATCH:
            batches[-1].append(row)
            used += count
        else:
            batches.append([row])
            used = count
    return batches
