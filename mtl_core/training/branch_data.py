"""Training text for the branch: token states below it, read once, and documents as rows of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mtl_core.features import encoder_text, segment_features
from mtl_core.rubric import MEASURES
from mtl_core.tokenizing import TextTokenizer
from mtl_core.training.corpus import LabelledPlan, SegmentRow
from mtl_core.training.dataset import UNKNOWN, segment_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from mtl_core.segments import Segment

__all__ = ["BranchDocument", "TokenStates", "branch_documents", "token_states"]

_BATCH = 64


@dataclass(frozen=True, slots=True)
class TokenStates:
    """States of the layer below the branch, special tokens included.

    Args:
        states: ``[tokens, dimension]`` bfloat16, the texts one after the other.
        offsets: ``[texts + 1]`` where each text begins.
        rows: Number of each text.
    """

    states: torch.Tensor
    offsets: NDArray[np.int64]
    rows: dict[str, int]

    def batch(self, texts: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Padded states ``[texts, tokens, dimension]`` and mask ``[texts, tokens]`` of some texts."""
        lengths = [int(self.offsets[text + 1] - self.offsets[text]) for text in texts]
        padded = self.states.new_zeros(len(texts), max(lengths), self.states.shape[1])
        mask = torch.zeros(len(texts), max(lengths), dtype=torch.bool)
        for row, (text, length) in enumerate(zip(texts, lengths, strict=True)):
            padded[row, :length] = self.states[self.offsets[text] : self.offsets[text + 1]]
            mask[row, :length] = True
        return padded, mask


@dataclass(frozen=True, slots=True)
class BranchDocument:
    """A plan, or a single segment, as the branch learns from it.

    Args:
        texts: ``[segments]`` number of each segment's text.
        headings: ``[segments]`` number of the heading's text, -1 where there is none.
        places: ``[segments, features]`` place and kind of each segment.
        labels: ``[segments, measures]`` 1, 0, or -1 where the label is not known.
        present: ``[measures]`` labels of the whole plan; -1 where not known, and for a single segment.
        group: Its author or source.
    """

    texts: NDArray[np.int64]
    headings: NDArray[np.int64]
    places: NDArray[np.float32]
    labels: NDArray[np.int8]
    present: NDArray[np.int8]
    group: str


@torch.inference_mode()
def token_states(encoder: SharedEncoder, texts: Sequence[str], *, tap: int) -> TokenStates:
    """Read texts once with the frozen encoder; about 1 kB a token is kept.

    Args:
        encoder: The shared encoder.
        texts: Different texts, as the encoder sees them.
        tap: The layer whose states are kept.

    Returns:
        The states.
    """
    ids, _ = TextTokenizer().ids(texts, tokenizer=encoder.tokenizer, max_tokens=encoder.max_tokens)
    offsets = np.zeros(len(texts) + 1, np.int64)
    offsets[1:] = np.cumsum([len(row) for row in ids])
    states = torch.zeros(int(offsets[-1]), encoder.dimension, dtype=torch.bfloat16)
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        padded = torch.zeros(len(rows), len(ids[rows[-1]]), dtype=torch.long)
        for place, row in enumerate(rows):
            padded[place, : len(ids[row])] = torch.tensor(ids[row])
        lengths = torch.tensor([len(ids[row]) for row in rows])
        mask = (torch.arange(padded.shape[1]) < lengths[:, None]).long()
        with torch.autocast("cpu", torch.bfloat16, enabled=encoder.uses_bfloat16):
            inner = encoder.network(input_ids=padded, attention_mask=mask, output_hidden_states=True)
        for place, row in enumerate(rows):
            states[offsets[row] : offsets[row + 1]] = inner.hidden_states[tap][place, : len(ids[row])]
    return TokenStates(states, offsets, {text: row for row, text in enumerate(texts)})


def branch_documents(
    plans: Sequence[LabelledPlan],
    segments: Sequence[SegmentRow],
    *,
    rows: Mapping[str, int],
    measures: Sequence[str] = tuple(MEASURES),
) -> list[BranchDocument]:
    """Plans and single segments as rows of texts.

    Args:
        plans: Whole plans.
        segments: Single labelled segments.
        rows: Number of each text.
        measures: Keys of the measures.

    Returns:
        The plans in their order, then the segments.
    """
    whole = [
        _document(
            plan.segments,
            labels=segment_labels(plan, measures),
            present=np.asarray([plan.present.get(key, UNKNOWN) for key in measures], np.int8),
            group=plan.group,
            rows=rows,
        )
        for plan in plans
    ]
    unknown = np.full(len(measures), UNKNOWN, np.int8)
    single = [
        _document(
            [row.segment()],
            labels=np.asarray([[key in row.measures for key in measures]], np.int8),
            present=unknown,
            group=row.batch,
            rows=rows,
        )
        for row in segments
    ]
    return whole + single


def _document(
    segments: Sequence[Segment],
    *,
    labels: NDArray[np.int8],
    present: NDArray[np.int8],
    group: str,
    rows: Mapping[str, int],
) -> BranchDocument:
    texts = [encoder_text(segment.text) for segment in segments]
    above = [encoder_text(segment.heading) for segment in segments]
    return BranchDocument(
        texts=np.asarray([rows[text] for text in texts]),
        headings=np.asarray([rows[heading] if heading else -1 for heading in above]),
        # of vectors of length zero nothing but place and kind is left
        places=segment_features(segments, dict.fromkeys(texts, np.zeros(0, np.float32))),
        labels=labels,
        present=present,
        group=group,
    )
