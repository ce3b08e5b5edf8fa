"""From examples to padded arrays with the ``tokenizers`` library alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from tokenizers import Tokenizer

from mtl_core.data.tokens import WordAligner
from mtl_core.errors import ArtifactError, one_line
from mtl_core.runtime.decisions import CUT, NO_WORD
from mtl_core.runtime.folder import TokenizerSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerBase

    from mtl_core.data.examples import Example

__all__ = ["InputReader", "Pieces", "batches", "pad"]

_TOKENS_PER_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Pieces:
    """Word pieces of one example.

    Args:
        sequences: Token ids of each passage, special tokens included.
        words: Place of each word's first piece, ``CUT`` for a word beyond the token budget.
    """

    sequences: tuple[Sequence[int], ...]
    words: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Tokens of the longest sequence."""
        return max(map(len, self.sequences))


class InputReader:
    """Turns texts, words and passages into word pieces as the torch model does.

    Args:
        content: A ``tokenizer.json``.
        settings: What that file does not say.

    Raises:
        ArtifactError: If the file is not a tokenizer.
    """

    def __init__(self, content: bytes, settings: TokenizerSettings) -> None:
        try:
            self._cutting, self._whole = Tokenizer.from_buffer(content), Tokenizer.from_buffer(content)
        except Exception as error:
            raise ArtifactError(f"The tokenizer cannot be read ({one_line(error)}); export the model again.") from error
        for tokenizer in (self._cutting, self._whole):
            tokenizer.no_padding()
            tokenizer.no_truncation()
        self._cutting.enable_truncation(settings.max_tokens, direction=settings.truncation_side)
        self._aligner = WordAligner(
            cast("PreTrainedTokenizerBase", _Callable(self._whole, settings.unknown_id)),
            max_length=settings.max_tokens,
        )

    def read(self, examples: Sequence[Example]) -> list[Pieces]:
        """Word pieces of examples: words where they are given, else segments, else the text.

        Args:
            examples: The examples.

        Returns:
            One entry an example.
        """
        texts = [text for example in examples if not example.words for text in example.segments or (example.text,)]
        encoded = iter(self._cutting.encode_batch_fast(texts))
        done = []
        for example in examples:
            if example.words:
                pieces = self._aligner(example.words)
                places = (*pieces.first_piece_positions, *[CUT] * pieces.words_cut)
                done.append(Pieces((pieces.input_ids,), places))
            else:
                done.append(Pieces(tuple(next(encoded).ids for _ in range(len(example.segments) or 1))))
        return done


class _Callable:
    """A tokenizer in the calling convention that the aligner of words expects."""

    def __init__(self, tokenizer: Tokenizer, unknown_id: int | None) -> None:
        self._tokenizer = tokenizer
        self.unk_token_id = unknown_id

    def __call__(self, texts: str | list[str], *, add_special_tokens: bool = True, **_: Any) -> dict[str, Any]:
        given = [texts] if isinstance(texts, str) else texts
        ids = [row.ids for row in self._tokenizer.encode_batch_fast(given, add_special_tokens=add_special_tokens)]
        return {"input_ids": ids[0] if isinstance(texts, str) else ids}


def batches(pieces: Sequence[Pieces]) -> list[list[int]]:
    """Rows by length, in batches of bounded padded size.

    Args:
        pieces: Of all examples.

    Returns:
        Row numbers; every row is in exactly one batch.
    """
    rows_by_length = sorted(range(len(pieces)), key=lambda row: (pieces[row].width, row))
    done: list[list[int]] = []
    used = 0
    for row in rows_by_length:
        count = len(pieces[row].sequences)
        if done and (used + count) * pieces[row].width <= _TOKENS_PER_BATCH:
            done[-1].append(row)
            used += count
        else:
            done.append([row])
            used = count
    return done


def pad(pieces: Sequence[Pieces], *, pad_id: int) -> dict[str, NDArray[np.int64]]:
    """One padded batch.

    Args:
        pieces: At least one.
        pad_id: Token id of padding.

    Returns:
        ``input_ids`` and ``attention_mask`` ``[sequences, tokens]``; ``words`` ``[sequences, words]`` with
        one column or more; ``lengths`` ``[examples]``, number of sequences of each.
    """
    sequences = [sequence for row in pieces for sequence in row.sequences]
    shape = (len(sequences), max(map(len, sequences)))
    ids, mask = np.full(shape, pad_id, np.int64), np.zeros(shape, np.int64)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    words = np.full((len(sequences), max(1, *(len(row.words) for row in pieces))), NO_WORD, np.int64)
    lengths = np.array([len(row.sequences) for row in pieces], np.int64)
    for start, row_pieces in zip(np.cumsum(lengths) - lengths, pieces, strict=True):
        words[start, : len(row_pieces.words)] = row_pieces.words
    return {"input_ids": ids, "attention_mask": mask, "words": words, "lengths": lengths}
