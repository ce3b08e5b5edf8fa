"""Training of the scores of whole documents by their words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from mtl_core.document_words import DocumentWords
from mtl_core.training.dataset import UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LEAST_DOCUMENTS", "fit_document_words"]

LEAST_DOCUMENTS = 5
"""Documents that must hold a term before it counts; fewer say more of their author than of the measure."""

_STRENGTH = 10.0


def fit_document_words(counts: Sequence[Mapping[int, int]], labels: NDArray[np.int8]) -> DocumentWords | None:
    """Fit one logistic regression with balanced classes a measure.

    The loss is convex, so the result depends on the data alone and no seed is needed.

    Args:
        counts: Terms of each document, from ``document_terms``.
        labels: ``[documents, measures]`` 1, 0, or -1 where not known.

    Returns:
        The scores; ``None`` where no term stands in enough documents.
    """
    documents = Counter(term for terms in counts for term in terms)
    known = np.asarray(sorted(term for term, held in documents.items() if held >= LEAST_DOCUMENTS), np.int32)
    if not len(known):
        return None
    # the smoothed frequency of scikit-learn, which no term of every document sets to zero
    held = np.asarray([documents[int(term)] for term in known])
    rarity = np.log((1 + len(counts)) / (1 + held)) + 1
    inputs = _matrix(counts, known, rarity)
    weights, offsets = np.zeros((len(known), labels.shape[1])), np.zeros(labels.shape[1])
    for column, truth in enumerate(labels.T):
        rows = np.flatnonzero(truth != UNKNOWN)
        # a measure that all documents show, or none, has nothing to learn from
        if len(np.unique(truth[rows])) < 2:
            continue
        fitted = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2_000).fit(inputs[rows], truth[rows])
        weights[:, column], offsets[column] = fitted.coef_[0], fitted.intercept_[0]
    parts = (torch.from_numpy(part).float() for part in (rarity, weights, offsets))
    exact = DocumentWords(torch.from_numpy(known), *parts)
    # rounded at once, so that what is calibrated is what is saved
    return DocumentWords.from_rounded(exact.rounded_tensors(), measures=labels.shape[1])


def _matrix(counts: Sequence[Mapping[int, int]], known: NDArray[np.int32], rarity: NDArray[np.float64]) -> csr_matrix:
    columns = {int(term): column for column, term in enumerate(known)}
    cells = [
        (row, columns[term], 1 + np.log(count))
        for row, terms in enumerate(counts)
        for term, count in terms.items()
        if term in columns
    ]
    rows, places, values = (np.asarray(part) for part in zip(*cells, strict=True))
    shape = (len(counts), len(known))
    return normalize(csr_matrix((values * rarity[places], (rows, places)), shape=shape))
