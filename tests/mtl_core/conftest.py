"""Tiny random sentence-transformers models, so that other encoders can be tested without a download."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from hypothesis import settings
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

from mtl_core.encoder import SharedEncoder

# a busy machine is no failure
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

Architecture = Literal["bert", "roberta", "distilbert"]

WORDS = [
    "plan",
    "pupils",
    "lesson",
    "solve",
    "write",
    "three",
    "sums",
    "card",
    "on",
    "the",
    "a",
    "##s",
    "##es",
    "?",
    ".",
]


@pytest.fixture(scope="session")
def build_tiny() -> Callable[..., Path]:
    """Function that saves a random model with 2 layers of 32 dimensions and gives its folder."""
    return _build_tiny


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> SharedEncoder:
    return SharedEncoder.load(tiny_folder, precision="float32")


def _build_tiny(
    folder: Path,
    architecture: Architecture = "bert",
    *,
    seed: int = 0,
    pooling: str = "mean",
    words: list[str] | None = None,
    max_tokens: int = 24,
    extra_modules: tuple[torch.nn.Module, ...] = (),
) -> Path:
    tokenizer = _byte_tokenizer() if architecture == "roberta" else _word_tokenizer(words or WORDS)
    torch.manual_seed(seed)
    network = _random_network(architecture, tokenizer)
    parts = folder / "parts"
    network.save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    transformer = Transformer(str(parts))
    transformer.max_seq_length = max_tokens
    modules = [transformer, Pooling(32, pooling_mode=pooling), *extra_modules, Normalize()]
    target = folder / "model"
    SentenceTransformer(modules=modules, device="cpu").save(str(target), create_model_card=False)
    return target


def _random_network(architecture: Architecture, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    size = len(tokenizer)
    if architecture == "distilbert":
        return DistilBertModel(
            DistilBertConfig(
                vocab_size=size,
                dim=32,
                n_layers=2,
                n_heads=4,
                hidden_dim=64,
                max_position_embeddings=64,
                initializer_range=0.5,
            )
        )
    bert: dict[str, Any] = {
        "vocab_size": size,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "initializer_range": 0.5,
    }
    if architecture == "bert":
        return BertModel(BertConfig(**bert, max_position_embeddings=64))
    return RobertaModel(
        RobertaConfig(
            **bert,
            max_position_embeddings=66,
            type_vocab_size=1,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def _word_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    letters = [f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789" for mark in ("", "##")]
    vocabulary = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *letters]))
    tokenizer = Tokenizer(models.WordPiece({word: row for row, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    symbols = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("p", "l"), ("a", "n"), ("pl", "an"), ("Ġ", "p"), ("Ġ", "s")]
    vocabulary = {symbol: row for row, symbol in enumerate([*symbols, *("".join(pair) for pair in merges)])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        mask_token="<mask>",
        model_max_length=64,
    )
