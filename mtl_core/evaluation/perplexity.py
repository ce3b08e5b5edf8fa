"""How probable texts are to a language model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from mtl_core.errors import InputError

__all__ = ["perplexity", "perplexity_of"]


def perplexity(log_probabilities: Sequence[float]) -> float:
    """Perplexity from the log-probability of each token: ``exp`` of their negated mean.

    Args:
        log_probabilities: Natural logarithms, one a token.

    Returns:
        1 or more; infinite where a token had probability 0.

    Raises:
        InputError: If there is no token or a number is above 0 or none.
    """
    if not log_probabilities or not all(value <= 0 for value in log_probabilities):
        raise InputError("Perplexity needs the natural log-probability of at least one token, each 0 or below.")
    try:
        return math.exp(-math.fsum(log_probabilities) / len(log_probabilities))
    except OverflowError:
        return math.inf


def perplexity_of(texts: Sequence[str], model: Any, tokenizer: Any, *, max_length: int | None = None) -> float:
    """Perplexity of texts under a causal language model, over all their tokens pooled.

    Where the tokenizer has a token for the beginning of a text it is put first, so that the first
    word counts too; otherwise counting starts at the second token.

    Args:
        texts: The texts; one of fewer than two tokens adds nothing.
        model: A ``transformers`` model with a language-model head; its mode is left as it was.
        tokenizer: Its tokenizer.
        max_length: Tokens read of each text; by default what the model can hold, if it says so.

    Returns:
        The perplexity.

    Raises:
        InputError: If no text has a token to predict.
    """
    most = max_length or getattr(model.config, "max_position_embeddings", None)
    was_training = model.training
    model.eval()
    try:
        values = [value for text in texts for value in _log_probabilities(_ids(text, tokenizer, most), model)]
    finally:
        model.train(was_training)
    return perplexity(values)


def _ids(text: str, tokenizer: Any, most: int | None) -> list[int]:
    ids = list(tokenizer(text, add_special_tokens=True, truncation=False)["input_ids"])
    begin = tokenizer.bos_token_id
    if begin is not None and ids[:1] != [begin]:
        ids = [begin, *ids]
    return ids[:most]


@torch.inference_mode()
def _log_probabilities(ids: list[int], model: Any) -> list[float]:
    if len(ids) < 2:
        return []
    row = torch.tensor([ids], device=model.device)
    logs = torch.log_softmax(model(input_ids=row).logits[0, :-1].float(), dim=-1)
    values: list[float] = logs.gather(1, row[0, 1:, None])[:, 0].tolist()
    return [min(value, 0.0) for value in values]
