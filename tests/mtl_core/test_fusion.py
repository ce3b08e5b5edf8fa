"""Predictions of fused models: what each member has to say, attention to members, and choices of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.fusion import FusedModel
from mtl_core.fusion_layers import FusionSettings
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from tests.mtl_core.toy_members import SPANS, WEATHER, build_member, signal_examples

TOPIC = Task(name="topic", kind="multiclass", labels=("a", "b", "c"))
TRAITS = Task(name="traits", kind="multilabel", labels=("x", "y"))
MEASURES = Task(name="measures", kind="evidence", labels=("aim", "check"))
TASKS = (WEATHER, TOPIC, TRAITS, MEASURES, SPANS)
TEXTS = ["plan the lesson", "sun", "Pupils write on glass , the wind !", "rain rain snow " * 4]
DOCUMENT = Example(text="plan sun write rain", labels={}, segments=("plan the", "sun", "write on paper rain"))


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    folder = tmp_path_factory.mktemp("members")
    shapes = (("bert", 32), ("roberta", 24), ("distilbert", 16))
    return [
        build_member(folder / kind, kind, tasks=TASKS, size=size, seed=row) for row, (kind, size) in enumerate(shapes)
    ]


@pytest.fixture
def fuse(members: list[MultiTaskModel]) -> Callable[..., FusedModel]:
    """A fusion with drawn attention, so that members count differently."""

    def build(*, of: list[MultiTaskModel] | None = None, seed: int = 0, **options: object) -> FusedModel:
        torch.manual_seed(seed)
        model = FusedModel(of or members, settings=FusionSettings(size=12), **options)
        for task in model.tasks:
            torch.nn.init.normal_(model.fusion(task.name).attention.context.weight)
        return model

    return build


def test_every_kind_of_task_is_judged(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    assert model.tasks == TASKS
    for text, said in zip(TEXTS, model.predict(TEXTS), strict=True):
        assert list(said) == [task.name for task in TASKS]
        assert said["weather"].label in WEATHER.labels
        assert said["topic"].label in TOPIC.labels
        assert sum(said["topic"].probabilities) == pytest.approx(1)
        assert len(said["traits"].probabilities) == 2
        assert said["measures"].evidence == ((0,), (0,))
        assert len(said["spans"].label) == len(said["spans"].probabilities) == len(text.split())


def test_a_document_is_fused_passage_by_passage(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    said, text_said = model.predict([DOCUMENT, "sun"])
    assert sorted(map(len, said["measures"].evidence)) == [3, 3]
    assert "spans" not in said
    assert "spans" in text_said
    weights, text_weights = model.attention([DOCUMENT, "sun"])
    assert {name: len(rows) for name, rows in weights.items()} == {
        "weather": 3, "topic": 3, "traits": 3, "measures": 3, "spans": 0
    }  # fmt: skip
    assert {len(rows) for rows in text_weights.values()} == {1}
    # a passage of a document is attended to as it is alone
    alone = model.attention(list(DOCUMENT.segments), tasks=["measures"])
    for row, one in enumerate(alone):
        assert weights["measures"][row] == pytest.approx(one["measures"][0], abs=1e-5)


def test_members_count_alike_before_training(members: list[MultiTaskModel]) -> None:
    for weights in FusedModel(members).attention(["plan the lesson", "sun"]):
        for rows in weights.values():
            for row in rows:
                assert row == pytest.approx((1 / 3,) * 3)


def test_the_order_of_the_members_only_orders_the_attention(
    fuse: Callable[..., FusedModel], members: list[MultiTaskModel]
) -> None:
    model = fuse()
    for order in ([2, 0, 1], [1, 0, 2]):
        other = fuse(of=[members[number] for number in order], seed=5)
        for task in TASKS:
            ours, theirs = model.fusion(task.name), other.fusion(task.name)
            theirs.head.load_state_dict(ours.head.state_dict())
            theirs.attention.hidden.load_state_dict(ours.attention.hidden.state_dict())
            theirs.attention.context.load_state_dict(ours.attention.context.state_dict())
            for place, number in enumerate(order):
                theirs.attention.projections[place].load_state_dict(ours.attention.projections[number].state_dict())
        for said, other_said in zip(model.predict(TEXTS), other.predict(TEXTS), strict=True):
            for name, prediction in said.items():
                assert other_said[name].label == prediction.label
                assert other_said[name].probabilities == pytest.approx(prediction.probabilities, abs=1e-5)
        for weights, other_weights in zip(model.attention(TEXTS), other.attention(TEXTS), strict=True):
            for name, rows in weights.items():
                for row, other_row in zip(rows, other_weights[name], strict=True):
                    assert other_row == pytest.approx([row[number] for number in order], abs=1e-5)


def test_a_member_that_is_chosen_is_the_only_one_that_judges(
    members: list[MultiTaskModel], fuse: Callable[..., FusedModel]
) -> None:
    choice = {"weather": 1, "spans": 2, "topic": 0, "traits": 1, "measures": 0}
    model = fuse(choice=choice)
    given = [DOCUMENT, *signal_examples(6, seed=0)]
    own = [member.predict(given[1:]) for member in members]
    for row, said in enumerate(model.predict(given)[1:]):
        assert list(said) == [task.name for task in TASKS]
        for name, number in choice.items():
            assert said[name].label == own[number][row][name].label
            assert said[name].probabilities == pytest.approx(own[number][row][name].probabilities, abs=1e-6)
    assert model.attention(TEXTS) == [{}] * len(TEXTS)


def test_members_that_are_not_asked_do_not_read(
    members: list[MultiTaskModel], fuse: Callable[..., FusedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fuse(choice=dict.fromkeys([task.name for task in TASKS], 1))
    monkeypatch.setattr(members[0], "outputs", None)
    monkeypatch.setattr(members[2], "outputs", None)
    assert [list(said) for said in model.predict(["sun"])] == [[task.name for task in TASKS]]


@pytest.mark.parametrize(
    ("choice", "message"), [({"moon": 0}, "'moon'"), ({"topic": 3}, "0 to 2"), ({"topic": -1}, "member -1")]
)
def test_a_choice_must_exist(members: list[MultiTaskModel], choice: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FusedModel(members, choice=choice)


def test_a_single_member_gives_its_own_predictions(members: list[MultiTaskModel]) -> None:
    member = members[1]
    member.decisions["weather"] = Decision(temperature=2.0, thresholds=(0.9,))
    model = FusedModel([member], choice={task.name: 0 for task in TASKS})
    assert model.predict(TEXTS) == member.predict(TEXTS)
    member.decisions["weather"] = Decision()


def test_decisions_of_fused_heads_are_used(fuse: Callable[..., FusedModel]) -> None:
    sure, never = (fuse(decisions={"weather": Decision(thresholds=(cut,))}) for cut in (0.0, 1.0))
    assert {said["weather"].label for said in sure.predict(TEXTS)} == {"yes"}
    assert {said["weather"].label for said in never.predict(TEXTS)} == {"no"}


def test_an_example_is_judged_alike_in_any_company(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    examples = signal_examples(530, seed=4)
    everyone = model.predict(examples)
    for row in (0, 300, 529):
        (alone,) = model.predict([examples[row]])
        for name, prediction in alone.items():
            assert prediction.label == everyone[row][name].label
            assert prediction.probabilities == pytest.approx(everyone[row][name].probabilities, abs=1e-5)


def test_prediction_leaves_modes_and_random_numbers_alone(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    model.train()
    before = torch.get_rng_state()
    assert model.predict(TEXTS) == model.predict(TEXTS)
    assert model.training
    assert model.fusions.training
    assert torch.equal(before, torch.get_rng_state())


def test_nothing_is_said_of_nothing(fuse: Callable[..., FusedModel]) -> None:
    assert fuse().predict([]) == []
    assert fuse().predict(["sun"], tasks=[]) == [{}]


def test_clear_errors_of_prediction(fuse: Callable[..., FusedModel]) -> None:
    with pytest.raises(InputError, match="text 2 is empty"):
        fuse().predict(["sun", " "])
    with pytest.raises(InputError, match="no task 'moon'"):
        fuse().predict(["sun"], tasks=["moon"])
