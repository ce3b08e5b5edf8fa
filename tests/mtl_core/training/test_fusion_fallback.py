"""Tasks that fusion does not help, or that lack labels, are left to the best member."""

from __future__ import annotations

import random

import pytest

from mtl_core.data.examples import Example
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.fusion import train_fusion
from tests.mtl_core.toy_members import build_member
from tests.mtl_core.training.fusion_runs import HASTY, OPTIONS, TRAIN, VALIDATION, figures, without


def test_a_task_that_fusion_does_not_help_falls_back_and_says_so(members: list[MultiTaskModel]) -> None:
    result = train_fusion(members, TRAIN, VALIDATION, options=HASTY, seed=0)
    own = [figures(member, VALIDATION) for member in members]
    found = figures(result.model, VALIDATION)
    fallen = [name for name, choice in result.model.choice.items() if choice != "fused"]
    assert "spans" in fallen
    for name in fallen:
        best = max(range(2), key=[one[name] for one in own].__getitem__)
        assert result.model.choice[name] == best
        assert found[name] == own[best][name] > (result.figures[name].fused or 0.0)
    assert len(result.messages) == len(fallen)
    for name, message in zip(fallen, result.messages, strict=True):
        assert f"Task {name!r}" in message
        assert f"member {result.model.choice[name]} (toy-" in message
        assert f"{result.figures[name].fused:.4f}" in message


KINDS = (
    Task(name="one", kind="binary", labels=("no", "yes")),
    Task(name="which", kind="multiclass", labels=("a", "b", "c")),
    Task(name="some", kind="multilabel", labels=("x", "y")),
    Task(name="aims", kind="evidence", labels=("p", "q")),
    Task(name="tags", kind="token", labels=("O", "B-k", "I-k")),
)


def noisy_examples(count: int, source: random.Random) -> list[Example]:
    """Labels drawn at random, half of them unknown: nothing can be learned, so fused heads often lose."""
    examples = []
    for number in range(count):
        words = tuple(source.choices(["plan", "sun", "wind", "glass", "the"], k=source.randint(1, 4)))
        drawn = {
            "one": source.choice(["no", "yes"]),
            "which": source.choice("abc"),
            "some": tuple(label for label in "xy" if source.random() < 0.5),
            "aims": tuple(label for label in "pq" if source.random() < 0.5),
            "tags": tuple(source.choice(["O", "B-k"]) for _ in words),
        }
        labels = {name: label for name, label in drawn.items() if source.random() < 0.5}
        examples.append(Example(text=" ".join(words), words=words, labels=labels, source=f"noise:{number + 1}"))
    return examples


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    folder = tmp_path_factory.mktemp("strangers")
    return [
        build_member(folder / kind, kind, tasks=KINDS, size=size, seed=size)
        for kind, size in (("bert", 16), ("roberta", 24), ("distilbert", 32))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_no_task_is_worse_than_with_the_best_member(strangers: list[MultiTaskModel], seed: int) -> None:
    source = random.Random(seed)
    for member in strangers:
        cut = source.uniform(0.3, 0.7)
        member.decisions["one"] = Decision(temperature=source.uniform(0.5, 2), thresholds=(cut,))
    train, validation = noisy_examples(20, source), noisy_examples(24, source)
    options = OPTIONS.model_copy(update={"epochs": 2})
    result = train_fusion(strangers, train, validation, options=options, seed=seed)
    found = figures(result.model, validation)
    own = [figures(member, validation) for member in strangers]
    for name, choice in result.model.choice.items():
        assert found[name] >= max(one[name] for one in own)
        assert (choice == "fused") == (result.figures[name].fused == found[name])
    assert len(result.messages) == sum(choice != "fused" for choice in result.model.choice.values())


def test_a_task_without_training_labels_is_left_to_the_best_member(members: list[MultiTaskModel]) -> None:
    result = train_fusion(members, without(TRAIN, "spans"), VALIDATION, options=HASTY)
    own = [figures(member, VALIDATION)["spans"] for member in members]
    assert result.model.choice["spans"] == own.index(max(own))
    assert result.figures["spans"].fused is None
    assert any("no training example labels it" in message for message in result.messages)


def test_a_task_without_validation_labels_is_left_to_the_first_member(members: list[MultiTaskModel]) -> None:
    result = train_fusion(members, TRAIN, without(VALIDATION, "spans"), options=HASTY)
    assert result.model.choice["spans"] == 0
    assert "spans" not in result.figures
    assert any("no validation example labels it" in message for message in result.messages)
