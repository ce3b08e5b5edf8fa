"""Class weights: scikit-learn's rule per kind of head, kept on reload, used in training alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.class_weights import set_class_weights

TASKS = (
    Task(name="useful", kind="binary", labels=("no", "yes")),
    Task(name="topic", kind="multiclass", labels=("maths", "art", "music")),
    Task(name="parts", kind="multilabel", labels=("goal", "check")),
    Task(name="shown", kind="evidence", labels=("aim", "task")),
    Task(name="slots", kind="token", labels=("O", "B-who", "I-who", "B-day")),
    Task(name="unseen", kind="multiclass", labels=("a", "b")),
)
WORDS = ("plan", "pupils", "card", "sums")
EXAMPLES = [
    Example(text="plan", labels={"useful": "yes", "topic": "maths", "parts": ()}),
    Example(text="a", labels={"useful": "no", "topic": "maths", "parts": ("goal",), "shown": ("aim", "task")}),
    Example(text="card", labels={"useful": "no", "topic": "art", "parts": (), "shown": ("aim",)}),
    Example(text="sums", labels={"useful": "no", "parts": ()}, soft={"topic": (0.0, 0.0, 1.0)}),
    Example(text=" ".join(WORDS), labels={"slots": ("O", "B-who", "O", "O")}, words=WORDS),
    Example(text="the a", labels={"slots": ("O", "I-who")}, words=("the", "a")),
]
EXPECTED = {
    "useful": [4 / (2 * 3), 4 / (2 * 1)],
    "topic": [3 / (2 * 2), 3 / (2 * 1), 1.0],
    "parts": [[4 / (2 * 3), 4 / (2 * 1)], [1.0, 1.0]],
    "shown": [[1.0, 1.0], [1.0, 1.0]],
    "slots": [6 / (3 * 4), 6 / (3 * 1), 6 / (3 * 1), 1.0],
    "unseen": [1.0, 1.0],
}


@pytest.fixture
def model(tiny) -> MultiTaskModel:
    torch.manual_seed(0)
    return MultiTaskModel(tiny, TASKS)


def test_every_kind_gets_the_balanced_weights(model):
    set_class_weights(model, EXAMPLES)
    for name, expected in EXPECTED.items():
        assert torch.allclose(model.head(name).class_weights, torch.tensor(expected)), name


def test_they_are_set_anew_and_not_multiplied(model):
    set_class_weights(model, EXAMPLES[:1])
    set_class_weights(model, EXAMPLES)
    assert torch.allclose(model.head("useful").class_weights, torch.tensor(EXPECTED["useful"]))
    set_class_weights(model, [])
    assert all(bool((model.head(task.name).class_weights == 1).all()) for task in TASKS)


def test_they_come_back_from_a_folder(model, tmp_path):
    set_class_weights(model, EXAMPLES)
    model.save_pretrained(tmp_path / "model")
    loaded = MultiTaskModel.from_pretrained(tmp_path / "model")
    assert isinstance(loaded, MultiTaskModel)
    for name, expected in EXPECTED.items():
        assert torch.allclose(loaded.head(name).class_weights, torch.tensor(expected)), name
        assert torch.equal(loaded.head(name).class_weights, model.head(name).class_weights)


@pytest.mark.parametrize("task", ["useful", "topic", "parts", "slots"])
def test_the_training_loss_is_weighted_and_the_plain_one_is_not(model, task):
    head = model.head(task)
    examples = [example for example in EXAMPLES if task in example.labels]
    with torch.no_grad():
        logits = model(model.pad(model.tokenise(examples)), [task])[task].float()
    targets = head.targets(examples)
    on, off = LossOptions(class_weights=True), LossOptions()

    def loss(options: LossOptions, *, plain: bool) -> float:
        return head.loss(logits, targets, options, plain=plain).total.item()

    before = loss(off, plain=False)
    assert loss(on, plain=False) == pytest.approx(before)
    set_class_weights(model, EXAMPLES)
    assert loss(on, plain=False) != pytest.approx(before, rel=1e-3)
    assert loss(on, plain=True) == pytest.approx(before)
    assert loss(off, plain=False) == pytest.approx(before)


def test_the_weighted_loss_is_each_examples_loss_times_its_class_weight(model):
    set_class_weights(model, EXAMPLES)
    head, options = model.head("useful"), LossOptions(class_weights=True)
    logits = torch.tensor([[0.3], [-1.0], [2.0], [0.1]])
    targets = head.targets(EXAMPLES[:4])
    plain = [
        head.loss(logits[row : row + 1], head.targets([EXAMPLES[row]]), options, plain=True).total.item()
        for row in range(4)
    ]
    weighted = sum(loss * EXPECTED["useful"][int(row == 0)] for row, loss in enumerate(plain))
    assert head.loss(logits, targets, options).total.item() == pytest.approx(weighted)


@settings(max_examples=25, deadline=None)
@given(labels=st.lists(st.sampled_from(["maths", "art", "music"]), min_size=1, max_size=30))
def test_the_mean_weight_is_one_and_classes_count_alike(tiny, labels):
    model = MultiTaskModel(tiny, TASKS[1:2])
    set_class_weights(model, [Example(text="a", labels={"topic": label}) for label in labels])
    weights = dict(zip(TASKS[1].labels, model.head("topic").class_weights.tolist(), strict=True))
    shares = {label: weights[label] * labels.count(label) for label in set(labels)}
    assert sum(shares.values()) == pytest.approx(len(labels), rel=1e-5)
    assert max(shares.values()) == pytest.approx(min(shares.values()), rel=1e-5)
    assert all(weights[label] == 1.0 for label in weights.keys() - shares.keys())


def test_an_unknown_label_is_named_by_its_line(model):
    with pytest.raises(InputError, match=r"train\.csv:3: 'sport' is not a label of task 'topic'"):
        set_class_weights(model, [Example(text="a", labels={"topic": "sport"}, source="train.csv:3")])
