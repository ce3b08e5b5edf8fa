"""Training of the name heads: the same seed gives the same heads, and they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from chatbot.name_heads.fit import NameFitOptions
from chatbot.name_heads.passages import parse_passage
from chatbot.name_heads.train import held_out_chances, train_names
from mtl_core.encoder import SharedEncoder

NAMES = ("Ana", "Tomasz", "Priya", "Kofi", "Li Wei", "Beth", "Omar", "Noor")
PASSAGES = [
    parse_passage(line)
    for name in NAMES
    for line in (f"Seat «{name}» near the board.", f"The class reads a poem by {name} at the end.")
]
QUICK = NameFitOptions(epochs=6, batch=4, variations=1)


def test_a_seed_gives_the_same_heads(encoder: SharedEncoder) -> None:
    one, other = (
        train_names(encoder, PASSAGES, options=NameFitOptions(epochs=1, batch=4, variations=1)) for _ in range(2)
    )
    for name, tensor in one.layers.state_dict().items():
        torch.testing.assert_close(other.layers.state_dict()[name], tensor, rtol=0, atol=0)
    assert one.config == other.config


@pytest.mark.slow
def test_who_was_not_seen_is_told_by_the_words_around(encoder: SharedEncoder) -> None:
    chances = held_out_chances(encoder, PASSAGES, folds=4, options=QUICK)
    assert len(chances) == len(PASSAGES)
    pupils = [chance.max() for passage, chance in zip(PASSAGES, chances, strict=True) if passage.names]
    poets = [chance.max() for passage, chance in zip(PASSAGES, chances, strict=True) if not passage.names]
    assert np.mean(pupils) > np.mean(poets) + 0.2
