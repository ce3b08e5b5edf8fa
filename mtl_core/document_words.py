"""Scores of a whole document by its words, which see what no single passage says."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import nn

from mtl_core.errors import ArtifactError
from mtl_core.rounding import rounded
from mtl_core.segments import Segment

__all__ = ["DocumentWords", "document_terms"]

_WORD = re.compile(r"\w\w+")
_DIGITS = re.compile(r"\d+")
_MIDDLE = 1 << 31


def document_terms(segments: Sequence[Segment]) -> Counter[int]:
    """Count the words and pairs of neighbouring words of a document.

    Args:
        segments: The document.

    Returns:
        Counts by term; a term is a 32-bit checksum of the lower-case words, so that no word itself is kept. Digits in a
        word are folded to 0, and numbers are left out.
    """
    words = _WORD.findall(_DIGITS.sub("0", "\n".join(segment.text for segment in segments).lower()))
    names = [*words, *(f"{first} {second}" for first, second in pairwise(words))]
    return Counter(zlib.crc32(name.encode()) - _MIDDLE for name in names)


class DocumentWords(nn.Module):
    """Linear scores over the damped, rarity-weighted counts of known terms, scaled to length one (TF-IDF).

    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988.

    Args:
        terms: ``[terms]`` int32 known terms, ascending.
        rarity: ``[terms]`` inverse document frequency of each.
        weights: ``[terms, measures]`` what each says.
        offsets: ``[measures]`` score of a document without any known term.
    """

    terms: torch.Tensor
    rarity: torch.Tensor
    weights: torch.Tensor
    offsets: torch.Tensor

    def __init__(self, terms: torch.Tensor, rarity: torch.Tensor, weights: torch.Tensor, offsets: torch.Tensor) -> None:
        super().__init__()
        for name, tensor in (("terms", terms), ("rarity", rarity), ("weights", weights), ("offsets", offsets)):
            self.register_buffer(name, tensor)

    def forward(self, counts: Mapping[int, int]) -> torch.Tensor:
        """Score a document.

        Args:
            counts: Its terms, from ``document_terms``.

        Returns:
            ``[measures]``.
        """
        found = torch.tensor(sorted(counts), dtype=torch.int32)
        places = torch.searchsorted(self.terms, found).clamp(max=len(self.terms) - 1)
        known = self.terms[places] == found
        places, found = places[known], found[known]
        values = 1 + torch.tensor([float(counts[term]) for term in found.tolist()]).log()
        values = nn.functional.normalize(values * self.rarity[places], dim=0)
        return self.offsets + values @ self.weights[places]

    def rounded_tensors(self) -> dict[str, torch.Tensor]:
        """The scores in 8 bits with a scale a measure, as they are saved; ``from_rounded`` reads them."""
        weights, scales = rounded(self.weights, dim=0)
        return {
            "terms": self.terms.contiguous(),
            "rarity": self.rarity.half().contiguous(),
            "weights": weights,
            "scales": scales[0],
            "offsets": self.offsets.contiguous(),
        }

    @classmethod
    def from_rounded(cls, tensors: Mapping[str, torch.Tensor], *, measures: int) -> DocumentWords:
        """Scores from what ``rounded_tensors`` gave.

        Args:
            tensors: The saved tensors.
            measures: Number of measures.

        Returns:
            The scores.

        Raises:
            ArtifactError: If they do not fit together, or hold a value that is not finite.
        """
        try:
            terms, rarity, offsets = tensors["terms"], tensors["rarity"].float(), tensors["offsets"].float()
            weights = tensors["weights"].float() * tensors["scales"].float()
        except (KeyError, RuntimeError) as error:
            raise ArtifactError("The saved word scores are not complete; train the model again.") from error
        fits = terms.dtype == torch.int32 and rarity.shape == terms.shape == weights.shape[:1] and len(terms) > 0
        fits = fits and weights.shape[1:] == offsets.shape == (measures,) and bool((terms[1:] > terms[:-1]).all())
        if not fits or not all(bool(torch.isfinite(part).all()) for part in (rarity, weights, offsets)):
            raise ArtifactError("The saved word scores do not fit the model; train it again.")
        return cls(terms, rarity, weights, offsets)
