"""Well-formed BIO sequences: which tag may follow which, and the best sequence under that rule."""

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["best_path", "forbidden_steps"]


def forbidden_steps(labels: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tags that may not come first, and steps that may not be taken: I-x follows B-x or I-x alone.

    Args:
        labels: BIO labels.

    Returns:
        ``[labels]`` and ``[labels, labels]`` (from, to), true where forbidden.
    """
    inside = [label[2:] if label.startswith("I-") else None for label in labels]
    first = torch.tensor([span is not None for span in inside])
    steps = torch.tensor([[span is not None and before[2:] != span for span in inside] for before in labels])
    return first, steps


def best_path(scores: torch.Tensor, forbidden_first: torch.Tensor, forbidden: torch.Tensor) -> list[int]:
    """Viterbi's best sequence of tags under the rule.

    Args:
        scores: ``[words, labels]`` log probabilities.
        forbidden_first: ``[labels]``.
        forbidden: ``[labels, labels]`` (from, to).

    Returns:
        Tag numbers, one a word.
    """
    if not len(scores):
        return []
    greedy = scores.argmax(-1)
    # most sentences are well formed as they are, and the best tag of each word is then the best sequence
    if not bool(forbidden_first[greedy[0]]) and not bool(forbidden[greedy[:-1], greedy[1:]].any()):
        return [int(tag) for tag in greedy]
    never = torch.finfo(scores.dtype).min / 4
    total = scores[0].masked_fill(forbidden_first, never)
    back = []
    for row in scores[1:]:
        best, origin = (total[:, None].masked_fill(forbidden, never)).max(0)
        back.append(origin)
        total = best + row
    path = [int(total.argmax())]
    for origin in reversed(back):
        path.append(int(origin[path[-1]]))
    return path[::-1]
