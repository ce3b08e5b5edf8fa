"""Word search: BM25 over stems, one score a field, added with weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import bm25s
import numpy as np

from mtl_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ALL_FIELDS", "FieldScorer", "LexicalIndex"]

ALL_FIELDS = "*"
"""The name under which all fields of a document are scored as one text."""


class FieldScorer:
    """BM25 over one field of every document.

    The ranking function is that of Lucene (Kamphuis et al., ECIR 2020), computed by ``bm25s``.

    Args:
        texts: Stems of the field by document; a document may have none.
        k1: How soon repeats of a word stop counting, above 0.
        b: How much a long text is marked down, 0 to 1.
    """

    def __init__(self, texts: Sequence[Sequence[str]], *, k1: float, b: float) -> None:
        self._count = len(texts)
        self._model: Any = None
        if any(texts):
            self._model = bm25s.BM25(method="lucene", k1=k1, b=b)
            self._model.index([list(text) for text in texts], show_progress=False)

    def __contains__(self, stem: str) -> bool:
        return self._model is not None and stem in self._model.vocab_dict

    def scores(self, stems: Sequence[str]) -> NDArray[np.float32]:
        """Score every document.

        Args:
            stems: Stems of the query; unknown ones count nothing.

        Returns:
            ``[documents]`` float32, 0 where no stem is found.
        """
        known = [stem for stem in stems if stem in self]
        if not known:
            return np.zeros(self._count, np.float32)
        scores: NDArray[np.float32] = self._model.get_scores(known)
        return scores

    def rows_with(self, stem: str) -> NDArray[np.int32]:
        """Rows of the documents that hold a stem, ascending.

        Args:
            stem: The stem.

        Returns:
            ``[found]`` int32.
        """
        if stem not in self:
            return np.zeros(0, np.int32)
        token, bounds = self._model.vocab_dict[stem], self._model.scores["indptr"]
        rows: NDArray[np.int32] = self._model.scores["indices"][bounds[token] : bounds[token + 1]]
        return rows


class LexicalIndex:
    """BM25 over several fields of the same documents, added with a weight each.

    Adding scores of fields, each with statistics of its own, rewards a word in a short title more
    than raising its count in one long text does.

    Args:
        documents: Stems by field name, one mapping a document.
        weights: Weight by field name, 0 or more; ``ALL_FIELDS`` stands for all of them as one text.
        k1: See ``FieldScorer``.
        b: See ``FieldScorer``.

    Raises:
        InputError: If a weight is negative.
    """

    def __init__(
        self,
        documents: Sequence[Mapping[str, Sequence[str]]],
        *,
        weights: Mapping[str, float],
        k1: float = 1.5,
        b: float = 0.75,
    ) -> None:
        if negative := sorted(name for name, weight in weights.items() if weight < 0):
            raise InputError(f"The weight of the field {negative[0]!r} is negative; give 0 or more.")
        whole = [[stem for stems in document.values() for stem in stems] for document in documents]
        self.whole = FieldScorer(whole, k1=k1, b=b)
        self._count = len(documents)
        self._weights = {name: weight for name, weight in weights.items() if weight > 0}
        self._fields = {
            name: self.whole
            if name == ALL_FIELDS
            else FieldScorer([document.get(name, ()) for document in documents], k1=k1, b=b)
            for name in self._weights
        }

    def __len__(self) -> int:
        return self._count

    def scores(self, stems: Sequence[str]) -> NDArray[np.float32]:
        """Score every document.

        Args:
            stems: Stems of the query, in any order; unknown ones count nothing.

        Returns:
            ``[documents]`` float32: the weighted sum over fields, 0 where no stem is found.
        """
        return self.total(self.by_field(stems))

    def by_field(self, stems: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """What each field adds to every document's score.

        Args:
            stems: Stems of the query.

        Returns:
            Weighted scores ``[documents]`` by field name.
        """
        return {name: np.float32(self._weights[name]) * scorer.scores(stems) for name, scorer in self._fields.items()}

    def total(self, by_field: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Add up what the fields gave.

        Args:
            by_field: Result of ``by_field``.

        Returns:
            ``[documents]`` float32.
        """
        return sum(by_field.values(), start=np.zeros(self._count, np.float32))
