"""The training step: partial labels over whole models, balances, unlabelled batches, losses that are not finite."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example, Label
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.losses import LossOptions, multi_task_mean
from mtl_core.model import MultiTaskModel
from mtl_core.training.balance import project_conflicts
from mtl_core.training.loader import BatchMaker, LabelledBatch
from mtl_core.training.module import MultiTaskModule, Optimisation, task_losses
from tests.mtl_core.small_models import TASKS, small_model

WORDS = ["plan", "pupils", "lesson", "solve", "write", "three", "sums", "card"]
NAMES = [task.name for task in TASKS]
WEIGHTS = {"weather": 1.0, "topic": 2.0, "things": 0.5, "spans": 1.0, "measures": 1.0}


@pytest.fixture
def model(tiny: SharedEncoder) -> MultiTaskModel:
    return copy.deepcopy(small_model(tiny))


@pytest.fixture(scope="module")
def shared_model(tiny: SharedEncoder) -> MultiTaskModel:
    return copy.deepcopy(small_model(tiny))


def example_of(known: set[str], source: random.Random) -> Example:
    words = tuple(source.choice(WORDS) for _ in range(source.randint(1, 6)))
    labels: dict[str, Label] = {
        "weather": source.choice(("no", "yes")),
        "topic": source.choice(("plan", "card", "sums")),
        "things": tuple(label for label in "xyz" if source.random() < 0.5),
        "spans": tuple(source.choice(("O", "B-key", "I-key")) for _ in words),
        "measures": tuple(label for label in ("gap", "goal") if source.random() < 0.5),
    }
    kept = {name: label for name, label in labels.items() if name in known}
    return Example(text=" ".join(words), words=words, labels=kept)


def batch_of(model: MultiTaskModel, examples: Sequence[Example]) -> LabelledBatch:
    return BatchMaker(model, {"rows": examples})("rows", range(len(examples)))


def step(model: MultiTaskModel, examples: Sequence[Example], tasks: Sequence[str]) -> torch.Tensor:
    """Loss of a batch, its gradients added to the model's."""
    batch = batch_of(model, examples)
    targets = {name: batch.targets[name] for name in tasks if name in batch.targets}
    losses = task_losses(model, model.states(batch.text), targets, LossOptions(name="focal"), plain=False)
    total = multi_task_mean(losses, WEIGHTS)
    if total.requires_grad:
        total.backward()
    return total.detach()


KNOWN = st.lists(st.sets(st.sampled_from(NAMES)), min_size=1, max_size=6)


@settings(max_examples=12, deadline=None)
@given(KNOWN, st.integers(0, 999))
def test_a_mixed_batch_is_the_mean_of_the_labelled_parts(
    shared_model: MultiTaskModel, known: list[set[str]], seed: int
) -> None:
    model, source = shared_model, random.Random(seed)
    examples = [example_of(names, source) for names in known]
    model.zero_grad()
    whole = step(model, examples, NAMES)
    found = {name: part.grad for name, part in model.named_parameters()}
    labelled = [name for name in NAMES if any(name in names for names in known)]
    share = sum(WEIGHTS[name] for name in labelled)
    expected, total = {name: torch.zeros_like(part) for name, part in model.named_parameters()}, torch.zeros(())
    for task in labelled:
        model.zero_grad()
        part = [example for example in examples if task in example.labels]
        total += WEIGHTS[task] / share * step(model, part, [task])
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                expected[name] += WEIGHTS[task] / share * parameter.grad
    torch.testing.assert_close(whole, total, rtol=1e-4, atol=1e-5)
    for name, gradient in found.items():
        task = name.split(".")[1] if name.startswith("heads") else None
        if task is not None and task not in labelled:
            assert gradient is None
        elif gradient is not None:
            torch.testing.assert_close(gradient, expected[name], rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("lost", [float("nan"), float("inf")])
@pytest.mark.parametrize("balance", ["fixed", "uncertainty", "pcgrad"])
@pytest.mark.parametrize("task", NAMES)
def test_a_task_without_a_label_cannot_be_reached_nor_reach_others(
    model: MultiTaskModel, task: str, balance: str, lost: float
) -> None:
    with torch.no_grad():
        for parameter in model.head(task).parameters():
            parameter.fill_(lost)
    source = random.Random(0)
    module, logged = module_of(model, balance=balance)
    examples = [example_of(set(NAMES) - {task}, source) for _ in range(3)]
    batch = batch_of(model, [*examples, Example(text="plan", words=("plan",), labels={})])
    # another example of the data set may have the task, this batch has not
    targets = {**batch.targets, task: model.head(task).targets(batch.examples)}
    module.backward(module.training_step(batch._replace(targets=targets), 0))
    assert all(parameter.grad is None for parameter in model.head(task).parameters())
    others = [parameter for name, parameter in model.named_parameters() if not name.startswith(f"heads.{task}.")]
    learned = [parameter.grad for parameter in others if parameter.grad is not None]
    assert len(learned) > len(NAMES)
    assert all(bool(torch.isfinite(gradient).all()) for gradient in learned)
    assert f"train/{task}/loss" not in logged
    if module.uncertainty is not None:
        assert module.uncertainty.log_variances[task].grad is None


def module_of(model: MultiTaskModel, **settings: Any) -> tuple[MultiTaskModule, dict[str, float]]:
    """A module outside a trainer, and what it logs."""
    module = MultiTaskModule(
        model,
        loss=LossOptions(),
        optimisation=Optimisation(
            lambda made: torch.optim.AdamW(made.parameters(), lr=0.1),
            lambda optimiser: torch.optim.lr_scheduler.ConstantLR(optimiser),  # noqa: PLW0108
        ),
        **settings,
    )
    logged: dict[str, float] = {}
    module.log = lambda name, value, **_: logged.update({name: float(value)})
    return module, logged


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("balance", ["fixed", "uncertainty", "pcgrad"])
def test_a_batch_without_any_label_moves_nothing(model: MultiTaskModel, balance: str, frozen: bool) -> None:
    module, logged = module_of(model, balance=balance)
    model.network.requires_grad_(not frozen)
    source = random.Random(0)
    optimiser = module.configure_optimizers()["optimizer"]
    for number, known in enumerate((set(NAMES), set(), set())):
        optimiser.zero_grad()
        before = copy.deepcopy(module.state_dict())
        batch = batch_of(model, [example_of(known, source) for _ in range(3)])
        module.backward(module.training_step(batch, number))
        module.configure_gradient_clipping(optimiser)
        optimiser.step()
        moved = [name for name, part in module.state_dict().items() if not torch.equal(part, before[name])]
        # neither momentum nor weight decay may act where nothing was learned
        assert bool(moved) is bool(known)
        assert any("network" in name for name in moved) is (bool(known) and not frozen)
    assert logged["train/loss"] == 0


def test_a_loss_that_is_not_finite_is_named_and_says_what_to_do(model: MultiTaskModel) -> None:
    module, _ = module_of(model)
    batch = batch_of(model, [example_of(set(NAMES), random.Random(0))])
    with torch.no_grad():
        next(model.head("topic").parameters()).fill_(float("nan"))
    module._trainer = None
    type(module).global_step = property(lambda _: 17)
    try:
        with pytest.raises(
            InputError, match=r"loss of topic is nan at step 17: lower .*best checkpoint so far is kept"
        ):
            module.training_step(batch, 0)
    finally:
        del type(module).global_step


def test_pcgrad_joins_what_each_task_would_do_alone(model: MultiTaskModel) -> None:
    source = random.Random(1)
    batch = batch_of(model, [example_of({"weather", "topic"}, source) for _ in range(4)])
    shared = list(model.network.parameters())
    rows = []
    for task in ("weather", "topic"):
        losses = task_losses(model, model.states(batch.text), batch.targets, LossOptions(), plain=False)
        found = torch.autograd.grad(losses[task].total / losses[task].count / 2, shared, allow_unused=True)
        rows.append(
            torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(shared, found, strict=True)])
        )
    module, _ = module_of(model, balance="pcgrad")
    module.backward(module.training_step(batch, 0))
    joined = torch.cat([parameter.grad.flatten() for parameter in shared])
    torch.testing.assert_close(joined, project_conflicts(torch.stack(rows)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("balance", ["fixed", "pcgrad"])
def test_an_extra_distance_is_learned_from(model: MultiTaskModel, balance: str) -> None:
    batch = batch_of(model, [example_of({"weather"}, random.Random(1))])
    module, logged = module_of(model, balance=balance, distance=lambda _, states: 100 * states.pooled.square().mean())
    module.backward(module.training_step(batch, 0))
    with_distance = next(model.network.parameters()).grad.clone()
    assert logged["train/loss"] > logged["train/distance"] > 0
    model.zero_grad()
    bare, _ = module_of(model, balance=balance)
    bare.backward(bare.training_step(batch, 0))
    assert not torch.allclose(with_distance, next(model.network.parameters()).grad)


def test_words_beyond_the_budget_teach_nothing(model: MultiTaskModel) -> None:
    words = tuple(["plan"] * 40)
    long = Example(text=" ".join(words), words=words, labels={"spans": ("O",) * 40})
    losses = task_losses(
        model, model.states(batch_of(model, [long]).text), batch_of(model, [long]).targets, LossOptions(), plain=False
    )
    assert int(losses["spans"].count) == model.encoder.max_tokens - 2


def test_validation_says_the_figures_of_all_batches(model: MultiTaskModel) -> None:
    module, logged = module_of(model)
    source = random.Random(3)
    examples = [example_of(set(NAMES), source) for _ in range(12)]
    maker = BatchMaker(model, {"rows": examples})
    with torch.no_grad():
        for start in (0, 6):
            module.validation_step(maker("rows", range(start, start + 6)), 0)
        module.on_validation_epoch_end()
    assert {f"val/{name}/{figure}" for name in NAMES for figure in ("f1", "accuracy")} <= set(logged)
    said = model.predict(examples)
    right = sum(one["topic"].label == example.labels["topic"] for one, example in zip(said, examples, strict=True))
    assert logged["val/topic/accuracy"] == pytest.approx(right / 12)
    logged.clear()
    module.on_validation_epoch_end()
    assert not logged


def test_a_validation_label_that_training_never_saw_counts_as_missed(model: MultiTaskModel) -> None:
    module, logged = module_of(model)
    strange = [
        Example(text="plan", labels={"things": ("new",), "topic": "newer", "measures": ("gap", "newest")}),
        Example(text="card", labels={"things": ("x",), "topic": "plan", "measures": ()}),
    ]
    with torch.no_grad():
        module.validation_step(batch_of(model, strange), 0)
        module.on_validation_epoch_end()
    assert logged["val/things/accuracy"] <= 0.5
    assert logged["val/topic/accuracy"] <= 0.5
