"""Token ids of texts, from several threads at once."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextTokenizer"]


class TextTokenizer:
    """Cuts texts to a token budget, one thread at a time.

    Whether texts are cut is a setting of the tokenizer itself, which two threads would change under each other:
    tokenizers then raises "Already borrowed". A copy has a lock of its own.
    """

    def __init__(self) -> None:
        self._one_thread = Lock()

    def __reduce__(self) -> tuple[type[TextTokenizer], tuple[()]]:
        # a lock can be neither copied nor sent to another process
        return type(self), ()

    def ids(
        self, texts: Sequence[str], *, tokenizer: Any, max_tokens: int
    ) -> tuple[list[list[int]], NDArray[np.bool_]]:
        """Token ids within the budget.

        Args:
            texts: n texts, at least one.
            tokenizer: A tokenizer of transformers.
            max_tokens: The budget of one text, special tokens included.

        Returns:
            Ids of each text, and ``[n]`` true where the text was longer than the budget.
        """
        with self._one_thread:
            ids: list[list[int]] = tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]
            truncated = np.asarray([len(row) > max_tokens for row in ids], np.bool_)
            for row in np.flatnonzero(truncated).tolist():
                ids[row] = tokenizer(texts[row], truncation=True, max_length=max_tokens)["input_ids"]
        return ids, truncated
