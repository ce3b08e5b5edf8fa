"""A tiny encoder and tiny data, so that whole trainings take seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
import yaml
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SUBJECTS = {"maths": ("sums", "fractions"), "music": ("songs", "drums")}
VERBS = {"1": ("explain", "compare"), "0": ("hear", "know")}
CITIES = ("lima", "oslo", "rome")
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["pupils", "today", "from", "to", "fly", "price", "new"]


def build_encoder(folder: Path) -> Path:
    """A random BERT of 2 layers and 16 dimensions, saved in the form of sentence-transformers."""
    words = [*WORDS, *CITIES, *(word for pair in (*SUBJECTS.values(), *VERBS.values()) for word in pair)]
    vocabulary = [
        *SPECIALS,
        *words,
        *(f"{mark}{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789" for mark in ("", "##")),
    ]
    tokenizer = Tokenizer(models.WordPiece({word: row for row, word in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIALS, strict=True))
    torch.manual_seed(0)
    network = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=32,
            initializer_range=0.5,
        )
    )
    network.save_pretrained(folder / "parts")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=32, **names).save_pretrained(folder / "parts")
    transformer = Transformer(str(folder / "parts"))
    transformer.max_seq_length = 24
    model = SentenceTransformer(modules=[transformer, Pooling(16, pooling_mode="mean")], device="cpu")
    model.save(str(folder / "model"), create_model_card=False)
    return folder / "model"


def lesson_rows(count: int) -> list[dict[str, Any]]:
    """Texts with a binary task ``thinks`` and a multiclass task ``subject``; some lack one of them."""
    rows: list[dict[str, Any]] = []
    for number in range(count):
        subject = list(SUBJECTS)[number % 2]
        thinks = str(number // 2 % 2)
        text = f"pupils {VERBS[thinks][number % 2]} {SUBJECTS[subject][number // 3 % 2]} {number}"
        row = {"text": text, "thinks": thinks, "subject": subject}
        if number % 5 == 4:
            row["subject"] = None
        rows.append(row)
    return rows


def flight_rows(count: int) -> list[dict[str, Any]]:
    """Words with a token task ``slots`` and a multiclass task ``intent``."""
    rows = []
    for number in range(count):
        start, end = CITIES[number % 3], CITIES[(number + 1) % 3]
        intent = "price" if number % 2 else "fly"
        words = [intent, "from", start, "to", "new", end, str(number)]
        rows.append({"tokens": words, "slots": ["O", "O", "B-from", "O", "B-to", "I-to", "O"], "intent": intent})
    return rows


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def config_of(encoder: Path, data: Path, output: Path) -> dict[str, Any]:
    """Two data sets and four tasks."""
    return {
        "project": "tiny",
        "data": str(data),
        "output": str(output),
        "tasks": [
            {"name": "thinks", "kind": "binary"},
            {"name": "subject", "kind": "multiclass"},
            {"name": "intent", "kind": "multiclass"},
            {"name": "slots", "kind": "token"},
        ],
        "datasets": [
            {
                "name": "lessons",
                "train": "lessons.jsonl",
                "validation": "lessons-dev.jsonl",
                "columns": {"text": "text", "labels": {"thinks": "thinks", "subject": "subject"}},
            },
            {
                "name": "flights",
                "train": "flights.jsonl",
                "validation": "flights-dev.jsonl",
                "columns": {"words": "tokens", "labels": {"slots": "slots", "intent": "intent"}},
            },
        ],
        "encoder": {"name": str(encoder)},
        "optimiser": {"encoder_lr": 2e-3, "head_lr": 2e-2},
        "trainer": {"epochs": 2, "batch_size": 8, "average": 0.0, "precision": "float32"},
        "logging": {"progress_bar": False},
    }


def write_config(path: Path, config: dict[str, Any]) -> Path:
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path
