"""Small trainings: data whose labels follow from key words, a tiny encoder, and configs that run in a second."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertConfig, BertModel

from mtl_core.training.config import TrainingConfig
from tests.mtl_core.conftest import _word_tokenizer

FILLERS = ["plan", "pupils", "lesson", "write", "three", "on", "the", "a"]
WET, DRY = ["rain", "snow", "hail"], ["sun", "wind", "frost"]
TOPICS = ["north", "south", "east"]
THINGS = {"g": "glass", "s": "stone"}
WORDS = [*FILLERS, *WET, *DRY, *TOPICS, *THINGS.values()]

TASKS: dict[str, dict[str, Any]] = {
    "weather": {"name": "weather", "kind": "binary", "labels": ["no", "yes"]},
    "topic": {"name": "topic", "kind": "multiclass", "separator": "#"},
    "things": {"name": "things", "kind": "multilabel"},
    "spans": {"name": "spans", "kind": "token"},
}


def build_encoder(folder: Path, *, seed: int = 0, dropout: float = 0.1, layers: int = 2) -> Path:
    """A random encoder that is small enough to learn in a few steps, saved; gives its folder."""
    tokenizer = _word_tokenizer(WORDS)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        initializer_range=0.1,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    parts = folder / "parts"
    BertModel(config).save_pretrained(parts)
    tokenizer.save_pretrained(parts)
    transformer = Transformer(str(parts))
    transformer.max_seq_length = 16
    modules = [transformer, Pooling(32, pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder / "model"), create_model_card=False)
    return folder / "model"


def row_of(source: random.Random, *, lack: float = 0.0) -> dict[str, Any]:
    """A text whose weather, topic, things and spans can be read from its words; each label may be missing."""
    keys = [
        source.choice(WET + DRY),
        source.choice(TOPICS),
        *(word for word in THINGS.values() if source.random() < 0.5),
    ]
    words = [*keys, *(source.choice(FILLERS) for _ in range(3))]
    source.shuffle(words)
    tags = ["B-key" if word in WET else "B-land" if word in TOPICS else "O" for word in words]
    labels = {
        "weather": "yes" if set(words) & set(WET) else "no",
        "topic": next(word for word in words if word in TOPICS),
        "things": [label for label, word in THINGS.items() if word in words],
        "spans": tags,
    }
    return {"words": words, "text": " ".join(words)} | {
        name: None if source.random() < lack else label for name, label in labels.items()
    }


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_data(folder: Path, *, train: int = 40, validation: int = 24, lack: float = 0.0, seed: int = 0) -> Path:
    """A folder with ``train.jsonl`` and ``validation.jsonl``."""
    source = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "train.jsonl", [row_of(source, lack=lack) for _ in range(train)])
    write_rows(folder / "validation.jsonl", [row_of(source) for _ in range(validation)])
    return folder


def dataset_of(*tasks: str, words: bool = True, **settings: Any) -> dict[str, Any]:
    """A data set of a config over the files of ``write_data``."""
    columns = {"words" if words else "text": "words" if words else "text", "labels": {task: task for task in tasks}}
    return {"name": "rows", "train": "train.jsonl", "validation": "validation.jsonl", "columns": columns} | settings


def config_of(
    data: Path, output: Path, encoder_folder: Path, *tasks: str, words: bool = True, **sections: Any
) -> TrainingConfig:
    """A config; a section that is given changes single settings of the small defaults."""
    names = tasks or ("weather", "spans")
    raw: dict[str, Any] = {
        "project": "small",
        "data": data,
        "output": output,
        "tasks": [TASKS[name] for name in names],
        "datasets": [dataset_of(*names, words=words)],
        "encoder": {"name": str(encoder_folder), "max_length": 16},
        "optimiser": {"encoder_lr": 1e-2, "head_lr": 3e-2},
        "trainer": {"epochs": 2, "batch_size": 8, "precision": "float32", "average": 0.0},
        "logging": {"progress_bar": False},
    }
    for name, section in sections.items():
        raw[name] = {**raw.get(name, {}), **section} if isinstance(section, dict) else section
    return TrainingConfig.model_validate(raw)


def weights_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A copy of all weights."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


class Stop(Exception):  # noqa: N818 - it stands for whatever ends a program
    """Ends a training from inside, as a crash would."""


class StopAt(pl.Callback):
    """Raises in one hook once the trainer has made enough steps."""

    def __init__(self, hook: str, step: int, error: BaseException | None = None) -> None:
        self.step = step
        self.error = error or Stop("interrupted")
        setattr(self, hook, self._raise)

    def _raise(self, trainer: pl.Trainer, *_: Any, **__: Any) -> None:
        if trainer.global_step >= self.step:
            raise self.error
