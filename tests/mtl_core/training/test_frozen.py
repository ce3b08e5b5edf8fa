"""Heads fitted on vectors that were encoded once: scikit-learn's logistic regression, with partial labels."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel
from mtl_core.training.frozen import can_fit_frozen, encode_once, fit_heads
from tests.mtl_core.small_models import TASKS, TEXTS, small_model

LINEAR = tuple(task for task in TASKS if task.kind in {"binary", "multiclass", "multilabel"})
POOLED = tuple(task for task in TASKS if task.kind != "token")
ROWS = 90

Vectors = tuple[torch.Tensor, torch.Tensor]


def vectors_of(rows: int = ROWS, *, seed: int = 0) -> Vectors:
    vectors = torch.randn(rows, 32, generator=torch.Generator().manual_seed(seed))
    return vectors, torch.ones(rows, dtype=torch.long)


def examples_of(vectors: torch.Tensor, *, lack: float = 0.0) -> list[Example]:
    """Labels that follow from a few numbers of the vectors, with noise; each may be missing."""
    source = random.Random(0)
    examples = []
    for row in vectors.tolist():
        labels = {
            "weather": "yes" if row[0] + source.gauss(0, 1) > 0 else "no",
            "topic": max(
                (value + source.gauss(0, 1), label)
                for value, label in zip(row[1:4], ("plan", "card", "sums"), strict=True)
            )[1],
            "things": tuple(label for label, value in zip("xyz", row[4:7], strict=True) if value > source.gauss(0, 1)),
            "measures": ("gap",) if row[7] > 0 else ("goal",),
        }
        examples.append(Example(text="w", labels={k: v for k, v in labels.items() if source.random() >= lack}))
    return examples


@pytest.fixture
def model(tiny: SharedEncoder) -> MultiTaskModel:
    return small_model(tiny, LINEAR)


def reference(vectors: torch.Tensor, labels: list[str], strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(vectors.numpy(), labels)


def near(weights: torch.Tensor, expected: np.ndarray) -> None:
    np.testing.assert_allclose(weights.detach().numpy(), expected, atol=0.02 * float(np.abs(expected).max()))


@pytest.mark.parametrize("strength", [0.3, 1.0, 10.0])
@pytest.mark.parametrize("lack", [0.0, 0.4])
def test_the_weights_are_those_of_scikit_learn(model: MultiTaskModel, strength: float, lack: float) -> None:
    pooled, lengths = vectors_of()
    examples = examples_of(pooled, lack=lack)
    fit_heads(model, examples, loss=LossOptions(), strength=strength, vectors=(pooled, lengths))
    known = [row for row, example in enumerate(examples) if "weather" in example.labels]
    found = reference(pooled[known], [str(examples[row].labels["weather"]) for row in known], strength)
    linear = model.head("weather").linear
    near(linear.weight, found.coef_)
    np.testing.assert_allclose(linear.bias.detach().numpy(), found.intercept_, atol=2e-2)
    known = [row for row, example in enumerate(examples) if "topic" in example.labels]
    found = reference(pooled[known], [str(examples[row].labels["topic"]) for row in known], strength)
    order = [list(found.classes_).index(label) for label in ("plan", "card", "sums")]
    linear = model.head("topic").linear
    near(linear.weight, found.coef_[order])
    chances = torch.softmax(linear(pooled), dim=-1).detach().numpy()
    np.testing.assert_allclose(chances, found.predict_proba(pooled.numpy())[:, order], atol=3e-2)


def test_each_label_of_a_multilabel_task_is_fitted_apart(model: MultiTaskModel) -> None:
    pooled, lengths = vectors_of()
    examples = examples_of(pooled)
    fit_heads(model, examples, loss=LossOptions(), strength=3.0, vectors=(pooled, lengths))
    for column, label in enumerate("xyz"):
        # the loss of an example is the mean over the three labels, so the penalty weighs three times as much
        found = reference(pooled, [str(label in example.labels["things"]) for example in examples], 1.0)
        weights = model.head("things").linear.weight[column].detach().numpy()
        np.testing.assert_allclose(weights, found.coef_[0], atol=5e-3)


def test_the_fit_draws_no_random_number_and_forgets_where_it_began(tiny: SharedEncoder) -> None:
    vectors = vectors_of()
    examples = examples_of(vectors[0])
    fits = []
    for seed in (1, 2):
        model = small_model(tiny, LINEAR, seed=seed)
        state = torch.get_rng_state()
        fit_heads(model, examples, loss=LossOptions(), vectors=vectors)
        assert torch.equal(torch.get_rng_state(), state)
        fits.append(model.heads.state_dict()["weather.linear.weight"])
    torch.testing.assert_close(*fits, atol=5e-3, rtol=0)


def test_a_task_without_labels_keeps_its_weights(model: MultiTaskModel) -> None:
    vectors = vectors_of()
    examples = [Example(text="w", labels={"weather": one.labels["weather"]}) for one in examples_of(vectors[0])]
    before = copy.deepcopy(model.head("topic").state_dict())
    found = fit_heads(model, examples, loss=LossOptions(), vectors=vectors)
    assert set(found) == {"weather"}
    torch.testing.assert_close(model.head("topic").state_dict(), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    "loss", [LossOptions(name="focal"), LossOptions(class_weights=True), LossOptions(label_smoothing=0.1)]
)
def test_every_loss_can_be_fitted(tiny: SharedEncoder, loss: LossOptions) -> None:
    model = small_model(tiny, POOLED)
    vectors = vectors_of()
    examples = examples_of(vectors[0])
    first = fit_heads(copy.deepcopy(model), examples, loss=loss, strength=0.3, vectors=vectors)
    second = fit_heads(model, examples, loss=loss, strength=30.0, vectors=vectors)
    assert set(first) == {task.name for task in POOLED}
    # a weaker penalty leaves more room to fit
    assert all(second[name] < first[name] for name in first)


def test_documents_of_several_passages_are_read_as_such(tiny: SharedEncoder) -> None:
    model = small_model(tiny, POOLED)
    examples = [
        Example(text="w", segments=tuple(TEXTS[: 1 + number % 3]), labels={"measures": ("gap",) if number % 2 else ()})
        for number in range(8)
    ]
    pooled, lengths = encode_once(model, examples)
    assert pooled.shape == (sum(1 + number % 3 for number in range(8)), 32)
    assert lengths.tolist() == [1 + number % 3 for number in range(8)]
    assert not pooled.is_inference()
    assert set(fit_heads(model, examples, loss=LossOptions(), vectors=(pooled, lengths))) == {"measures"}
    single = encode_once(model, [Example(text=TEXTS[1], labels={})])[0]
    torch.testing.assert_close(pooled[2], single[0], rtol=1e-4, atol=1e-5)


def test_vectors_come_in_the_order_of_the_examples(model: MultiTaskModel) -> None:
    examples = [Example(text=text, labels={}) for text in TEXTS]
    pooled, _ = encode_once(model, examples)
    backwards, _ = encode_once(model, examples[::-1])
    torch.testing.assert_close(pooled, backwards.flip(0), rtol=1e-4, atol=1e-5)


def test_token_tasks_need_the_encoder(tiny: SharedEncoder) -> None:
    model = small_model(tiny)
    assert not can_fit_frozen(model)
    with pytest.raises(InputError, match="Token tasks cannot be fitted on pooled vectors"):
        fit_heads(model, [], loss=LossOptions())


def test_vectors_that_are_not_finite_are_named(model: MultiTaskModel) -> None:
    pooled, lengths = vectors_of()
    examples = examples_of(pooled)
    pooled[3, 3] = float("nan")
    with pytest.raises(InputError, match="Vectors of the encoder hold NaN or infinity"):
        fit_heads(model, examples, loss=LossOptions(), vectors=(pooled, lengths))
