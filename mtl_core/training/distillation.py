"""A smaller student: an encoder with fewer of the teacher's layers, and vectors held near the teacher's."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the field's name for it
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.encoder import Precision, SharedEncoder
from mtl_core.errors import InputError
from mtl_core.heads import EncoderStates
from mtl_core.training.loader import LabelledBatch

__all__ = ["TeacherVectors", "kept_layers", "lower_layers", "student_encoder"]


def kept_layers(total: int, count: int) -> tuple[int, ...]:
    """Which of a teacher's layers a student keeps: evenly spread, the first and the last among them.

    The i-th is layer ``i (total - 1) / (count - 1)``, rounded half up: 3 of 6 are 0, 3, 5; 2 of 12 are 0, 11. A
    student of one layer keeps the last, whose vectors lie nearer to the teacher's than the first's.

    Args:
        total: Layers of the teacher.
        count: Layers of the student, 1 to ``total``.

    Returns:
        Rising layer numbers from 0.

    Raises:
        InputError: If the teacher has not so many layers, or none is asked for.
    """
    if not 1 <= count <= total:
        raise InputError(f"A student of {count} layers is asked for; the teacher has {total}, so give 1 to {total}.")
    if count == 1:
        return (total - 1,)
    return tuple((2 * place * (total - 1) + count - 1) // (2 * (count - 1)) for place in range(count))


def student_encoder(teacher: SharedEncoder, *, layers: int) -> SharedEncoder:
    """A copy of an encoder that keeps some of its transformer layers, and the teacher's width.

    Embeddings, layers, pooling and tokenizer are copies: training the student leaves the teacher as it is. All of
    the student learns, whatever was frozen in the teacher. Beginning from the teacher's layers follows Sanh et al.,
    DistilBERT, 2019.

    Args:
        teacher: A BERT, MiniLM, RoBERTa, DistilBERT or like encoder, whose layers are one list of equal blocks.
        layers: How many layers to keep; ``kept_layers`` says which.

    Returns:
        The student, on the teacher's device; it is saved and reloaded as an encoder of so many layers.

    Raises:
        InputError: If the teacher has not so many layers, or its layers cannot be told.
    """
    total = teacher.layer_count - 1
    name = teacher.name if layers == total else f"{teacher.name}, {layers} of {total} layers"
    student = _with_layers(teacher, kept_layers(total, layers), name=name)
    student.network.requires_grad_(requires_grad=True)
    return student


def lower_layers(encoder: SharedEncoder, count: int) -> SharedEncoder:
    """A copy of an encoder that keeps its lowest transformer layers.

    The upper layers of a sentence encoder sum up what a text is about; where labels hang on wording instead, the
    states below tell more, and each layer less is time saved.

    Args:
        encoder: As for ``student_encoder``.
        count: How many layers to keep.

    Returns:
        The shorter encoder.

    Raises:
        InputError: If it has not so many layers, or they cannot be told.
    """
    total = encoder.layer_count - 1
    if not 1 <= count <= total:
        raise InputError(f"encoder.layers is {count}; {encoder.name!r} has {total}, so give 1 to {total}.")
    name = encoder.name if count == total else f"{encoder.name}, lowest {count} of {total} layers"
    return _with_layers(encoder, tuple(range(count)), name=name)


def _with_layers(encoder: SharedEncoder, kept: Sequence[int], *, name: str) -> SharedEncoder:
    total = encoder.layer_count - 1
    precision: Precision = "bfloat16" if encoder.uses_bfloat16 else "float32"
    copied = SharedEncoder(copy.deepcopy(encoder.sentence_transformer), name=name, precision=precision)
    parent, key = _layer_list(copied.network, total, name=encoder.name)
    setattr(parent, key, nn.ModuleList([getattr(parent, key)[number] for number in kept]))
    copied.network.config.num_hidden_layers = len(kept)
    return copied


def _layer_list(network: nn.Module, total: int, *, name: str) -> tuple[nn.Module, str]:
    """The module that holds the list of transformer layers, and its attribute there."""
    found = [
        (parent, key)
        for parent in network.modules()
        for key, child in parent.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == total
    ]
    # layers with types of their own are built by their place, so a reload would build others
    if len(found) != 1 or getattr(network.config, "layer_types", None):
        raise InputError(
            f"The layers of the encoder {name!r} ({type(network).__name__}) cannot be thinned out; "
            "take a BERT, MiniLM, RoBERTa or DistilBERT, or leave distillation.layers out."
        )
    return found[0]


class TeacherVectors:
    """The extra loss that holds a student's vectors near its teacher's, for ``MultiTaskModule(distance=...)``.

    Every passage that the encoder reads is compared by the cosine, which is what search over the vectors uses
    (Reimers and Gurevych, Making monolingual sentence embeddings multilingual using knowledge distillation, EMNLP
    2020, with the cosine for the squared error). The teacher reads each text once.

    Args:
        teacher: The teacher's encoder; it is never trained.
        texts: Texts or examples to read now, in one pass; others are read when they first come.
        weight: What the mean distance is multiplied by.
    """

    def __init__(self, teacher: SharedEncoder, texts: Iterable[str | Example] = (), *, weight: float) -> None:
        self.weight = weight
        self._teacher = teacher
        self._rows: dict[str, int] = {}
        self._vectors = torch.zeros(0, teacher.dimension)
        self._read([passage for text in texts for passage in _passages(text)])

    def __call__(self, batch: LabelledBatch, states: EncoderStates) -> torch.Tensor:
        """The distance of one batch.

        Args:
            batch: The examples, each as it was read into ``states``.
            states: What the student's encoder gave.

        Returns:
            Scalar: the weight times the mean over passages of 1 - cosine.

        Raises:
            InputError: If the student's vectors have another length than the teacher's.
        """
        if states.pooled.shape[1] != self._teacher.dimension:
            raise InputError(
                f"The student's vectors have {states.pooled.shape[1]} numbers, those of the teacher "
                f"{self._teacher.name!r} have {self._teacher.dimension}; set distillation.embedding_weight to 0, or "
                "cut the student from the teacher with distillation.layers."
            )
        passages = [passage for example in batch.examples for passage in _passages(example)]
        self._read(passages)
        wanted = self._vectors[[self._rows[passage] for passage in passages]].to(states.pooled.device)
        distances = 1 - F.cosine_similarity(states.pooled.float(), wanted, dim=-1)
        return self.weight * distances.mean()

    def _read(self, passages: Sequence[str]) -> None:
        new = list(dict.fromkeys(passage for passage in passages if passage not in self._rows))
        if not new:
            return
        self._rows |= {passage: row for row, passage in enumerate(new, start=len(self._rows))}
        self._vectors = torch.cat([self._vectors, torch.from_numpy(self._teacher.encode(new).vectors)])


def _passages(given: str | Example) -> tuple[str, ...]:
    """The texts of an example's sequences, in the order of the encoder's batch."""
    if isinstance(given, str):
        return (given,)
    return (given.text,) if given.words or not given.segments else given.segments
