"""Students: which layers they keep, that they save and load, that they come nearer to their teacher."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from torch import nn
from transformers import AutoConfig, AutoModel

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.losses import LossOptions, multi_task_mean
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.distillation import TeacherVectors, kept_layers, lower_layers, student_encoder
from mtl_core.training.loader import BatchMaker
from mtl_core.training.module import task_losses
from mtl_core.training.teachers import taught_by_model

LAYERS = 5
TEXTS = ["plan a lesson.", "pupils write three sums on the card", "solve?", "the lessons"]
TASKS = (
    Task(name="useful", kind="binary"),
    Task(name="topic", kind="multiclass", labels=("maths", "art", "music")),
    Task(name="parts", kind="multilabel", labels=("goal", "check")),
    Task(name="slots", kind="token", labels=("O", "B-who", "I-who")),
)

BuildDeep = Callable[[str], SharedEncoder]


@pytest.fixture(scope="module")
def build_deep(build_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> BuildDeep:
    """Function that makes a random encoder with 5 layers of 32 dimensions."""

    def build(architecture: str, *, width: int = 32) -> SharedEncoder:
        folder = tmp_path_factory.mktemp(architecture)
        build_tiny(folder, architecture)
        config = AutoConfig.from_pretrained(folder / "parts")
        config.num_hidden_layers = LAYERS
        config.hidden_size = width
        torch.manual_seed(3)
        AutoModel.from_config(config).save_pretrained(folder / "parts")
        modules = [Transformer(str(folder / "parts")), Pooling(width), Normalize()]
        modules[0].max_seq_length = 24
        return SharedEncoder(SentenceTransformer(modules=modules, device="cpu"), name="deep", precision="float32")

    return build


@pytest.fixture(scope="module")
def deep(build_deep: BuildDeep) -> SharedEncoder:
    return build_deep("bert")


def _model(encoder: SharedEncoder, *, seed: int = 0, tasks: tuple[Task, ...] = TASKS) -> MultiTaskModel:
    torch.manual_seed(seed)
    return MultiTaskModel(encoder, tasks)


def _state(encoder: SharedEncoder) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in encoder.network.state_dict().items()}


def _examples(count: int, *, seed: int) -> list[Example]:
    words = ["plan", "pupils", "lesson", "solve", "write", "three", "sums", "card", "on", "the", "a"]
    draw = random.Random(seed)
    chosen = [tuple(draw.choices(words, k=draw.randint(3, 9))) for _ in range(count)]
    return [Example(text=" ".join(part), labels={}, words=part) for part in chosen]


@given(st.integers(1, 48).flatmap(lambda total: st.tuples(st.just(total), st.integers(1, total))))
def test_layers_are_evenly_spread_from_the_first_to_the_last(sizes):
    total, count = sizes
    kept = kept_layers(total, count)
    assert len(kept) == count
    assert kept[-1] == total - 1
    if count > 1:
        assert kept[0] == 0
        assert all(2 * abs(layer * (count - 1) - place * (total - 1)) <= count - 1 for place, layer in enumerate(kept))
        assert all(low < high for low, high in pairwise(kept))


def test_the_documented_layers_are_kept():
    assert (kept_layers(6, 3), kept_layers(12, 2), kept_layers(6, 1)) == ((0, 3, 5), (0, 11), (5,))


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
def test_a_student_is_the_teacher_without_the_other_layers(build_deep, architecture):
    teacher = build_deep(architecture)
    before, config = _state(teacher), teacher.network.config.to_dict()
    student = student_encoder(teacher, layers=3)
    assert (student.layer_count - 1, student.dimension, student.max_tokens) == (3, 32, teacher.max_tokens)

    # what stands beside the teacher's kept layers, applied by hand, is the reference
    reference = student_encoder(teacher, layers=LAYERS)
    blocks = next(module for module in reference.network.modules() if isinstance(module, nn.ModuleList))
    for number in (3, 1):
        del blocks[number]
    assert np.array_equal(student.encode(TEXTS).vectors, reference.encode(TEXTS).vectors)
    assert not np.allclose(student.encode(TEXTS).vectors, teacher.encode(TEXTS).vectors)

    with torch.no_grad():
        for parameter in student.network.parameters():
            parameter.add_(1.0)
    student.tokenizer.add_tokens(["brandnew"])
    assert "brandnew" not in teacher.tokenizer.get_vocab()
    assert teacher.network.config.to_dict() == config
    after = _state(teacher)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
@pytest.mark.parametrize("count", [1, 3, LAYERS])
def test_the_lowest_layers_alone_give_the_states_that_they_gave_within_the_whole(build_deep, architecture, count):
    whole = build_deep(architecture)
    short = lower_layers(whole, count)
    assert (short.layer_count - 1, short.max_tokens) == (count, whole.max_tokens)
    inner = whole.encode(TEXTS, layers=[count]).layers[:, 0]
    expected = inner / np.linalg.norm(inner, axis=1, keepdims=True)
    np.testing.assert_allclose(short.encode(TEXTS).vectors, expected, atol=1e-5)
    assert whole.layer_count - 1 == LAYERS


@pytest.mark.parametrize("count", [0, LAYERS + 1])
def test_lowest_layers_that_are_not_there_are_refused(deep, count):
    with pytest.raises(InputError, match=f"encoder.layers is {count}; 'deep' has {LAYERS}, so give 1 to {LAYERS}"):
        lower_layers(deep, count)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
def test_a_student_of_all_layers_says_what_the_teacher_says(build_deep, architecture):
    teacher = build_deep(architecture)
    student = student_encoder(teacher, layers=LAYERS)
    assert student.name == teacher.name
    assert student.fingerprint == teacher.fingerprint
    assert np.array_equal(student.encode(TEXTS).vectors, teacher.encode(TEXTS).vectors)
    assert _model(student).predict(TEXTS) == _model(teacher).predict(TEXTS)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert"])
def test_a_student_comes_back_from_a_folder(build_deep, architecture, tmp_path):
    student = student_encoder(build_deep(architecture), layers=2)
    model = _model(student)
    model.save_pretrained(tmp_path / "student")

    loaded = SentenceTransformer(str(tmp_path / "student"), device="cpu")
    assert np.allclose(loaded.encode(TEXTS), student.encode(TEXTS).vectors, atol=1e-6)
    whole = MultiTaskModel.from_pretrained(tmp_path / "student")
    assert isinstance(whole, MultiTaskModel)
    assert whole.encoder.layer_count - 1 == 2
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, whole.state_dict()[name]), name


def test_a_student_of_a_frozen_teacher_learns_whole(build_deep):
    teacher = build_deep("bert")
    teacher.network.requires_grad_(requires_grad=False)
    assert all(parameter.requires_grad for parameter in student_encoder(teacher, layers=2).network.parameters())
    assert not any(parameter.requires_grad for parameter in teacher.network.parameters())


@pytest.mark.parametrize("layers", [0, -1, LAYERS + 1])
def test_an_impossible_number_of_layers_is_refused(deep, layers):
    with pytest.raises(InputError, match=rf"student of {layers} layers.*has {LAYERS}, so give 1 to {LAYERS}"):
        student_encoder(deep, layers=layers)


def test_layers_with_types_of_their_own_are_refused(build_deep):
    teacher = build_deep("bert")
    teacher.network.config.layer_types = ["full_attention", "sliding_attention"]
    with pytest.raises(InputError, match="cannot be thinned out"):
        student_encoder(teacher, layers=2)


def test_the_distance_is_the_mean_of_one_minus_cosine(deep):
    student = student_encoder(deep, layers=2)
    segmented = Example(text="plan. solve the sums", labels={}, segments=("plan.", "solve the sums"))
    examples = [*_examples(3, seed=1), segmented]
    batch = BatchMaker(_model(student), {"text": examples})("text", [2, 3, 0])
    distance = TeacherVectors(deep, examples, weight=0.5)
    passages = [examples[2].text, "plan.", "solve the sums", examples[0].text]
    cosines = (deep.encode(passages).vectors * student.encode(passages).vectors).sum(1)
    found = distance(batch, _model(student).states(batch.text))
    assert found.item() == pytest.approx(0.5 * float(np.mean(1 - cosines)), abs=1e-6)
    assert found.requires_grad


def test_the_teacher_reads_each_text_once(deep, monkeypatch):
    read: list[str] = []
    encode = deep.encode
    monkeypatch.setattr(deep, "encode", lambda texts: (read.extend(texts), encode(texts))[1])
    examples = [*_examples(2, seed=2), Example(text="solve?", labels={})]
    model = _model(student_encoder(deep, layers=2))
    distance = TeacherVectors(deep, [examples[0].text, examples[0]], weight=1.0)
    assert read == [examples[0].text]
    batch = BatchMaker(model, {"text": examples})("text", [2, 1, 0, 2])
    first = distance(batch, model.states(batch.text))
    assert torch.equal(distance(batch, model.states(batch.text)), first)
    assert read == [examples[0].text, "solve?", examples[1].text]


def test_the_teacher_itself_is_at_no_distance_and_gets_no_gradient(deep):
    examples = _examples(4, seed=3)
    student = student_encoder(deep, layers=LAYERS)
    model = _model(student)
    batch = BatchMaker(model, {"text": examples})("text", range(4))
    loss = TeacherVectors(deep, examples, weight=3.0)(batch, model.states(batch.text))
    assert loss.item() == pytest.approx(0.0, abs=1e-5)
    loss.backward()
    assert any(parameter.grad is not None for parameter in student.network.parameters())
    assert all(parameter.grad is None for parameter in deep.network.parameters())


def test_a_teacher_of_another_width_is_refused(deep, build_deep):
    narrow = _model(build_deep("bert", width=16))
    examples = _examples(2, seed=4)
    batch = BatchMaker(narrow, {"text": examples})("text", range(2))
    with pytest.raises(InputError, match=r"have 16 numbers.*'deep' have 32.*embedding_weight"):
        TeacherVectors(deep, examples, weight=1.0)(batch, narrow.states(batch.text))


def _distances(student: MultiTaskModel, teacher: MultiTaskModel, examples: list[Example]) -> tuple[float, float]:
    """Mean difference of all probabilities, and mean 1 - cosine of the vectors."""
    said = [taught_by_model(examples, model, tasks=TASKS) for model in (student, teacher)]
    gaps = [
        np.abs(np.subtract(own.soft[task.name], other.soft[task.name])).mean()
        for own, other in zip(*said, strict=True)
        for task in TASKS
    ]
    texts = [example.text for example in examples]
    cosines = (student.encoder.encode(texts).vectors * teacher.encoder.encode(texts).vectors).sum(1)
    return float(np.mean(gaps)), float(np.mean(1 - cosines))


def _distil(student: MultiTaskModel, examples: list[Example], distance: TeacherVectors, *, steps: int) -> None:
    """The training step of ``MultiTaskModule`` in a plain loop."""
    make = BatchMaker(student, {"text": examples})
    optimiser = torch.optim.AdamW(student.parameters(), lr=3e-3)
    torch.manual_seed(5)
    student.train()
    for step in range(steps):
        rows = [(16 * step + place) % len(examples) for place in range(16)]
        batch = make("text", rows)
        states = student.states(batch.text)
        losses = task_losses(student, states, batch.targets, LossOptions(temperature=2.0), plain=False)
        loss = multi_task_mean(losses) + distance(batch, states)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    student.eval()


def test_a_distilled_student_comes_nearer_to_its_teacher_on_new_texts(deep):
    teacher = _model(deep, seed=1)
    with torch.no_grad():
        for parameter in teacher.heads.parameters():
            parameter.mul_(4.0)
    student = _model(student_encoder(deep, layers=2), seed=2)
    unseen = _examples(40, seed=7)
    examples = taught_by_model(_examples(160, seed=6), teacher, tasks=TASKS)
    before = _distances(student, teacher, unseen)
    _distil(student, examples, TeacherVectors(deep, examples, weight=1.0), steps=60)
    after = _distances(student, teacher, unseen)
    assert after[0] < 0.6 * before[0]
    assert after[1] < 0.6 * before[1]
