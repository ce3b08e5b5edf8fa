"""Words as word pieces, each word's tag on its first piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["IGNORED", "WordAligner", "WordPieces", "align_words", "piece_labels"]

IGNORED = -100
"""Label of a position that carries no tag: special pieces and all but the first piece of a word."""

_PROBE = "a"


class WordPieces(NamedTuple):
    """A sequence of words as the encoder reads it.

    Args:
        input_ids: ``[pieces]`` ids with the special pieces around them.
        first_piece_positions: Position of the first piece of each word that fits, in order.
        words_cut: How many words at the end do not fit.
    """

    input_ids: list[int]
    first_piece_positions: list[int]
    words_cut: int


class WordAligner:
    """Word-piece alignment for one tokenizer, of any kind.

    Each word is encoded by itself, so no word can vanish or melt into its neighbour. A byte-level
    tokenizer without ``add_prefix_space`` gets each word but the first with the blank before it, so
    that the pieces are those of the running text.

    Args:
        tokenizer: The encoder's tokenizer.
        max_length: Most pieces of a sequence, the special ones included.

    Raises:
        InputError: If ``max_length`` leaves no room for a piece.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, max_length: int) -> None:
        self._tokenizer = tokenizer
        bare, spaced = self._encode([_PROBE, f" {_PROBE}"])
        self._needs_space = bare != spaced
        self._before, self._after = _special_ids(tokenizer, bare)
        self._budget = max_length - len(self._before) - len(self._after)
        if self._budget < 1:
            raise InputError(f"max_length is {max_length}, which leaves no room for a word; give a larger one.")

    def __call__(self, words: Sequence[str]) -> WordPieces:
        """Encode one sequence of words.

        Args:
            words: The words, as many as there are tags.

        Returns:
            The pieces; a word that gives none (a blank, a control character) is the unknown piece.

        Raises:
            InputError: If such a word occurs and the tokenizer has no unknown piece.
        """
        if not words:
            return WordPieces([*self._before, *self._after], [], 0)
        texts = [f" {word}" if self._needs_space and place else word for place, word in enumerate(words)]
        ids: list[int] = []
        firsts: list[int] = []
        for word, pieces in zip(words, self._encode(texts), strict=True):
            firsts.append(len(ids))
            ids.extend(pieces or [self._unknown(word)])
        kept = [first + len(self._before) for first in firsts if first < self._budget]
        return WordPieces([*self._before, *ids[: self._budget], *self._after], kept, len(words) - len(kept))

    def _encode(self, texts: list[str]) -> list[list[int]]:
        encoded = self._tokenizer(
            texts, add_special_tokens=False, padding=False, truncation=False, return_attention_mask=False
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _unknown(self, word: str) -> int:
        unknown = self._tokenizer.unk_token_id
        if not isinstance(unknown, int):
            raise InputError(f"The word {word!r} gives no piece and the tokenizer has no unknown piece; remove it.")
        return unknown


def align_words(tokenizer: PreTrainedTokenizerBase, words: Sequence[str], max_length: int) -> WordPieces:
    """Encode one sequence of words; ``WordAligner`` does the same for many.

    Args:
        tokenizer: The encoder's tokenizer.
        words: The words.
        max_length: Most pieces, the special ones included.

    Returns:
        The pieces, the position of each word's first one, and how many words were cut.

    Raises:
        InputError: If ``max_length`` leaves no room for a piece.
    """
    return WordAligner(tokenizer, max_length=max_length)(words)


def piece_labels(pieces: WordPieces, tags: Sequence[int]) -> list[int]:
    """Tags of words laid on their first pieces.

    Args:
        pieces: The words as pieces.
        tags: ``[words]`` number of each word's tag; those of words that were cut are left out.

    Returns:
        ``[pieces]`` tag numbers, ``IGNORED`` everywhere else.

    Raises:
        ValueError: If there are not as many tags as words.
    """
    words = len(pieces.first_piece_positions) + pieces.words_cut
    if len(tags) != words:
        raise ValueError(f"{len(tags)} tags for {words} words.")
    labels = [IGNORED] * len(pieces.input_ids)
    for position, tag in zip(pieces.first_piece_positions, tags, strict=False):
        labels[position] = tag
    return labels


def _special_ids(tokenizer: PreTrainedTokenizerBase, bare: list[int]) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and after a text, read from what it does with one."""
    full: list[int] = tokenizer(_PROBE, padding=False, truncation=False)["input_ids"]
    for start in range(len(full) - len(bare) + 1):
        if full[start : start + len(bare)] == bare:
            return full[:start], full[start + len(bare) :]
    raise InputError(f"The tokenizer {type(tokenizer).__name__} changes a text's pieces beside its special pieces.")
