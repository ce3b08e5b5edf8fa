"""Small members of a fusion: random encoders with tokenizers of their own, whose heads can be trained in a moment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.losses import LossOptions, multi_task_mean
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.module import task_losses

FILLERS = ["plan", "pupils", "lesson", "solve", "write", "three", "on", "the", "a"]
KEYS = {"first": ["sun", "rain", "snow"], "second": ["wind", "hail", "frost"]}
NEUTRAL = ["glass", "stone", "brick", "cloth", "paper", "metal"]
ALL_WORDS = [*FILLERS, *KEYS["first"], *KEYS["second"], *NEUTRAL]

WEATHER = Task(name="weather", kind="binary", labels=("no", "yes"))
SPANS = Task(name="spans", kind="token", labels=("O", "B-key", "I-key"))
SIGNAL_TASKS = (WEATHER, SPANS)

Architecture = Literal["bert", "roberta", "distilbert"]


def word_tokenizer(words: Sequence[str], *, pieces: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """WordPiece over these words and pieces alone: every other word is [UNK]."""
    vocabulary = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *pieces]))
    tokenizer = Tokenizer(models.WordPiece({word: row for row, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE as RoBERTa's: a word within a text carries the blank before it."""
    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    merges = [("p", "l"), ("a", "n"), ("pl", "an"), ("Ġ", "p"), ("Ġ", "s"), ("Ġ", "t"), ("Ġt", "h"), ("Ġth", "e")]
    symbols = [*specials, *sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    vocabulary = {symbol: row for row, symbol in enumerate(symbols)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
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
    )


def build_member(
    folder: Path,
    architecture: Architecture = "bert",
    *,
    tasks: Sequence[Task] = SIGNAL_TASKS,
    tokenizer: PreTrainedTokenizerFast | None = None,
    size: int = 32,
    max_tokens: int = 32,
    seed: int = 0,
) -> MultiTaskModel:
    """A model with a random encoder of 2 layers and random heads."""
    if tokenizer is None:
        tokenizer = byte_tokenizer() if architecture == "roberta" else word_tokenizer(ALL_WORDS)
    torch.manual_seed(seed)
    parts = folder / "parts"
    _network(architecture, len(tokenizer), size).save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    transformer = Transformer(str(parts))
    transformer.max_seq_length = max_tokens
    model = SentenceTransformer(modules=[transformer, Pooling(size, pooling_mode="mean")], device="cpu")
    return MultiTaskModel(SharedEncoder(model, name=f"toy-{architecture}", precision="float32"), tasks)


def _network(architecture: Architecture, vocabulary: int, size: int) -> torch.nn.Module:
    shape = {"vocab_size": vocabulary, "initializer_range": 0.06}
    bert = {"hidden_size": size, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 2 * size}
    if architecture == "bert":
        return BertModel(BertConfig(**shape, **bert, max_position_embeddings=64))
    if architecture == "roberta":
        return RobertaModel(
            RobertaConfig(**shape, **bert, max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2)
        )
    return DistilBertModel(
        DistilBertConfig(**shape, dim=size, n_layers=2, n_heads=4, hidden_dim=2 * size, max_position_embeddings=64)
    )


def half_blind_members(folder: Path) -> list[MultiTaskModel]:
    """Two members of other shapes and sizes; each reads the key words of the other, and neutral ones, as [UNK]."""
    return [
        build_member(folder / half, architecture, tokenizer=word_tokenizer([*FILLERS, *KEYS[half]]), size=size, seed=7)
        for half, architecture, size in (("first", "bert", 64), ("second", "distilbert", 48))
    ]


def signal_examples(count: int, *, seed: int) -> list[Example]:
    """Texts with a key word or a neutral one at a random place among fillers."""
    source = random.Random(seed)
    examples = []
    for number in range(count):
        has_key = number % 2 == 0
        half = source.choice(["first", "second"])
        word = source.choice(KEYS[half] if has_key else NEUTRAL)
        words = source.choices(FILLERS, k=source.randint(2, 5))
        words.insert(source.randint(0, len(words)), word)
        tags = tuple("B-key" if one == word and has_key else "O" for one in words)
        labels = {"weather": "yes" if has_key else "no", "spans": tags}
        examples.append(Example(text=" ".join(words), words=tuple(words), labels=labels, source=f"toy:{number + 1}"))
    return examples


def train_heads(model: MultiTaskModel, examples: Sequence[Example], *, steps: int = 150) -> None:
    """Fit the heads on the frozen encoder's states, all examples at once."""
    with torch.no_grad():
        states = model.states(model.pad(model.tokenise(examples)))
    targets = {name: model.head(name).targets(examples) for name in model.heads}
    optimiser = torch.optim.AdamW(model.heads.parameters(), lr=0.03)
    for _ in range(steps):
        optimiser.zero_grad()
        multi_task_mean(task_losses(model, states, targets, LossOptions(), plain=True)).backward()
        optimiser.step()
