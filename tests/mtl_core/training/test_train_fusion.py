"""Training of a fusion: what it gains, when it falls back, what it leaves alone."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.evaluation.evaluate import Evaluation, main_figure, score_predictions
from mtl_core.fusion import FusedModel
from mtl_core.fusion_layers import FusionSettings
from mtl_core.fusion_states import join_encoded, read_chunks
from mtl_core.heads import Decision
from mtl_core.losses import LossOptions
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.fusion import FusionResult, train_fusion
from mtl_core.training.fusion_fit import FusionOptions, LabelledStates, fit_task
from tests.mtl_core.toy_members import KEYS, build_member, half_blind_members, signal_examples, train_heads

TRAIN = signal_examples(160, seed=1)
VALIDATION = signal_examples(80, seed=2)
TEST = signal_examples(120, seed=3)
OPTIONS = FusionOptions(settings=FusionSettings(size=32), learning_rate=5e-3, batch_size=16, epochs=12)
HASTY = OPTIONS.model_copy(update={"epochs": 1, "learning_rate": 1e-9})


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    built = half_blind_members(tmp_path_factory.mktemp("halves"))
    for member in built:
        train_heads(member, TRAIN)
    return built


@pytest.fixture(scope="module")
def result(members: list[MultiTaskModel]) -> FusionResult:
    return train_fusion(members, TRAIN, VALIDATION, options=OPTIONS, seed=0)


def judge(model: MultiTaskModel | FusedModel, examples: list[Example]) -> Evaluation:
    return score_predictions(model.tasks, examples, model.predict(examples))


def figures(model: MultiTaskModel | FusedModel, examples: list[Example]) -> dict[str, float]:
    return {name: main_figure(scores) for name, scores in judge(model, examples).tasks.items()}


def without(examples: list[Example], task: str) -> list[Example]:
    return [
        replace(one, labels={name: label for name, label in one.labels.items() if name != task}) for one in examples
    ]


def test_members_that_see_half_of_the_signal_each_see_all_of_it_together(
    members: list[MultiTaskModel], result: FusionResult
) -> None:
    fused = figures(result.model, TEST)
    for member in members:
        alone = figures(member, TEST)
        assert max(alone.values()) < 0.8
        assert all(fused[name] > alone[name] + 0.15 for name in alone)
    assert min(fused.values()) > 0.95
    assert result.model.choice == {"weather": "fused", "spans": "fused"}
    assert result.messages == ()


def test_attention_goes_to_the_member_that_can_read_the_word(result: FusionResult) -> None:
    texts = {half: [f"plan {key} the" for key in keys] for half, keys in KEYS.items()}
    first, second = (
        sum(weights["weather"][0][0] for weights in result.model.attention(texts[half])) / 3
        for half in ("first", "second")
    )
    assert first > second + 0.2


def test_figures_are_those_of_the_model_on_the_validation_data(
    members: list[MultiTaskModel], result: FusionResult
) -> None:
    own = [figures(member, VALIDATION) for member in members]
    for name, figure in figures(result.model, VALIDATION).items():
        assert result.figures[name].fused == figure
        assert result.figures[name].members == tuple(pytest.approx(one[name]) for one in own)
    assert result.model.card.figures == result.figures
    assert result.model.card.messages == result.messages


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


def test_the_same_seed_gives_the_same_model(members: list[MultiTaskModel]) -> None:
    options = OPTIONS.model_copy(update={"epochs": 1})
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(6)
    again = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=3)
    other = train_fusion(members, TRAIN[:40], VALIDATION, options=options, seed=4)
    same = first.model.fusions.state_dict()
    assert all(torch.equal(tensor, again.model.fusions.state_dict()[name]) for name, tensor in same.items())
    assert (first.figures, first.model.decisions) == (again.figures, again.model.decisions)
    assert not all(torch.equal(tensor, other.model.fusions.state_dict()[name]) for name, tensor in same.items())


def test_members_stay_as_they_are(members: list[MultiTaskModel]) -> None:
    kept = [{name: tensor.clone() for name, tensor in member.state_dict().items()} for member in members]
    decisions = [dict(member.decisions) for member in members]
    train_fusion(members, TRAIN, VALIDATION, options=HASTY)
    assert [member.decisions for member in members] == decisions
    for member, before in zip(members, kept, strict=True):
        assert all(torch.equal(tensor, before[name]) for name, tensor in member.state_dict().items())
        assert all(one.requires_grad and one.grad is None for one in member.network.parameters())


def test_partial_labels_teach_what_the_labelled_subset_teaches(members: list[MultiTaskModel]) -> None:
    blank = without(TRAIN, "weather")
    mixed = [blank[row] if row % 3 else TRAIN[row] for row in range(60)]
    labelled = [row for row in range(60) if not row % 3]
    chunks = read_chunks(members, mixed, own={}, states=True, words=True)
    everything = LabelledStates(mixed, join_encoded([chunk.encoded for chunk in chunks]))
    fitted = []
    for data in (everything, everything.select(labelled)):
        torch.manual_seed(1)
        model = FusedModel(members, settings=OPTIONS.settings)
        assert fit_task(model, "weather", data, everything, OPTIONS.model_copy(update={"epochs": 2}))
        fitted.append(model.fusion("weather").state_dict())
    assert all(torch.equal(tensor, fitted[1][name]) for name, tensor in fitted[0].items())


def test_words_that_no_member_read_teach_nothing(tmp_path: Path) -> None:
    short = [build_member(tmp_path / str(size), size=size, max_tokens=6) for size in (16, 32)]
    long = [one for one in TRAIN if len(one.words) == 6]
    assert len(long) > 10
    fitted = []
    for unread in ("O", "B-key"):
        examples = [replace(one, labels={"spans": (*one.labels["spans"][:4], unread, unread)}) for one in long]
        chunks = read_chunks(short, examples, own={}, states=True, words=True)
        data = LabelledStates(examples, join_encoded([chunk.encoded for chunk in chunks]))
        torch.manual_seed(1)
        model = FusedModel(short, settings=OPTIONS.settings)
        fit_task(model, "spans", data, data, OPTIONS.model_copy(update={"epochs": 1}))
        fitted.append(model.fusion("spans").state_dict())
    assert all(torch.equal(tensor, fitted[1][name]) for name, tensor in fitted[0].items())


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


def test_a_teacher_alone_can_teach(members: list[MultiTaskModel]) -> None:
    taught = [
        replace(one, labels={}, soft={"weather": (0.99 if one.labels["weather"] == "yes" else 0.01,)}) for one in TRAIN
    ]
    result = train_fusion(members, taught, VALIDATION, options=OPTIONS)
    assert result.model.choice["weather"] == "fused"
    assert (result.figures["weather"].fused or 0.0) > 0.9


def test_thresholds_are_fitted_where_members_have_them(members: list[MultiTaskModel]) -> None:
    assert train_fusion(members, TRAIN, VALIDATION, options=HASTY).model.decisions["weather"].thresholds == ()
    members[1].decisions["weather"] = Decision(thresholds=(0.5,))
    decision = train_fusion(members, TRAIN, VALIDATION, options=HASTY).model.decisions["weather"]
    members[1].decisions["weather"] = Decision()
    assert len(decision.thresholds) == 1


def test_class_weights_are_those_of_the_training_data(members: list[MultiTaskModel]) -> None:
    rare = [one for row, one in enumerate(TRAIN) if one.labels["weather"] == "no" or row % 8 == 0]
    options = HASTY.model_copy(update={"loss": LossOptions(class_weights=True)})
    model = train_fusion(members, rare, VALIDATION, options=options).model
    positives = sum(one.labels["weather"] == "yes" for one in rare)
    expected = torch.tensor([len(rare) / (2 * (len(rare) - positives)), len(rare) / (2 * positives)])
    torch.testing.assert_close(model.head("weather").class_weights, expected)


def test_the_best_pass_is_kept_and_a_hopeless_training_stops(
    members: list[MultiTaskModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[dict[str, torch.Tensor]] = []
    scores = iter([0.2, 0.6, 0.5, 0.6, 0.4, 0.9])

    def score(model: FusedModel, name: str, *_: object) -> tuple[float, float]:
        passes.append({key: tensor.clone() for key, tensor in model.fusion(name).state_dict().items()})
        return next(scores), -1.0

    monkeypatch.setattr("mtl_core.training.fusion_fit._score", score)
    chunks = read_chunks(members, TRAIN[:40], own={}, states=True, words=True)
    data = LabelledStates(TRAIN[:40], join_encoded([chunk.encoded for chunk in chunks]))
    model = FusedModel(members)
    fit_task(model, "weather", data, data, OPTIONS.model_copy(update={"patience": 3}))
    assert len(passes) == 5
    kept = model.fusion("weather").state_dict()
    assert all(torch.equal(tensor, passes[1][name]) for name, tensor in kept.items())
    assert not all(torch.equal(tensor, passes[4][name]) for name, tensor in kept.items())


def test_a_trained_fusion_is_read_back_whole(result: FusionResult, tmp_path: Path) -> None:
    result.model.save_pretrained(tmp_path / "fusion")
    read = FusedModel.from_pretrained(tmp_path / "fusion")
    assert (read.choice, read.decisions, read.card) == (result.model.choice, result.model.decisions, result.model.card)
    assert min(figures(read, TEST).values()) > 0.95


@pytest.mark.parametrize(("train", "validation"), [([], VALIDATION), (TRAIN, [])])
def test_examples_are_needed(members: list[MultiTaskModel], train: list[Example], validation: list[Example]) -> None:
    with pytest.raises(InputError, match="one of the two is empty"):
        train_fusion(members, train, validation)


def test_members_are_needed() -> None:
    with pytest.raises(InputError, match="at least one trained model"):
        train_fusion([], TRAIN, VALIDATION)


def test_an_unknown_training_label_is_named(members: list[MultiTaskModel]) -> None:
    wrong = replace(TRAIN[3], labels={"weather": "maybe"})
    with pytest.raises(InputError, match=r"toy:4: 'maybe' is not a label of task 'weather'"):
        train_fusion(members, [*TRAIN[:3], wrong], VALIDATION, options=HASTY)


def test_an_unknown_validation_label_counts_as_missed(members: list[MultiTaskModel]) -> None:
    unseen = [replace(one, labels={"spans": ("B-moon", *one.labels["spans"][1:])}) for one in VALIDATION]
    result = train_fusion(members, TRAIN, [*VALIDATION, *unseen], options=HASTY)
    assert result.figures.keys() == {"weather", "spans"}


def test_a_loss_that_is_not_finite_stops_the_training(members: list[MultiTaskModel]) -> None:
    with pytest.raises(InputError, match="lower its learning rate"):
        train_fusion(members, TRAIN, VALIDATION, options=OPTIONS.model_copy(update={"learning_rate": 1e30}))
