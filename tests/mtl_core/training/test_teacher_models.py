"""Soft labels from a trained model: whose order, at which temperature, for which examples."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training.teachers import taught_by_model

USEFUL = Task(name="useful", kind="binary", labels=("no", "yes"))
TOPIC = Task(name="topic", kind="multiclass", labels=("maths", "art", "music"))
PARTS = Task(name="parts", kind="multilabel", labels=("goal", "check"))
SHOWN = Task(name="shown", kind="evidence", labels=("aim", "task"))
SLOTS = Task(name="slots", kind="token", labels=("O", "B-who", "I-who"))
TASKS = (USEFUL, TOPIC, PARTS, SHOWN, SLOTS)
WORDS = ("plan", "three", "sums", "pupils")
EXAMPLES = [
    Example(text="plan a lesson", labels={}),
    Example(text=" ".join(WORDS), labels={"topic": "art"}, words=WORDS, soft={"other": (0.5,)}, source="f:2"),
    Example(text="plan. solve the sums?", labels={}, segments=("plan.", "solve the sums?")),
    Example(text="a card", labels={}, words=("a", "card")),
]


@pytest.fixture
def teacher(tiny) -> MultiTaskModel:
    torch.manual_seed(0)
    decisions = {"topic": Decision(temperature=4.0), "useful": Decision(temperature=0.5, thresholds=(0.9,))}
    return MultiTaskModel(tiny, TASKS, decisions=decisions)


def _logits(teacher: MultiTaskModel, example: Example) -> dict[str, torch.Tensor]:
    """One example by itself, without the batches of ``outputs``."""
    with torch.inference_mode():
        names = [task.name for task in TASKS if task.kind != "token" or example.words]
        logits = teacher(teacher.pad(teacher.tokenise([example])), names)
    return {name: part[0] for name, part in logits.items()}


def test_every_task_gets_the_probabilities_at_temperature_one(teacher):
    taught = taught_by_model(EXAMPLES, teacher, tasks=TASKS)
    for example, before in zip(taught, EXAMPLES, strict=True):
        logits = _logits(teacher, before)
        expected = {
            name: (part.softmax(-1) if name in {"topic", "slots"} else part.sigmoid()).flatten().tolist()
            for name, part in logits.items()
        }
        assert example.soft.keys() - {"other"} == expected.keys()
        for name, chances in expected.items():
            assert example.soft[name] == pytest.approx(chances, abs=1e-5), name
    assert [len(example.soft.get("slots", ())) for example in taught] == [0, 12, 0, 6]


def test_everything_else_of_an_example_stays(teacher):
    taught = taught_by_model(EXAMPLES, teacher, tasks=[TOPIC])
    assert taught[1].labels == {"topic": "art"}
    assert (taught[1].words, taught[1].source, taught[1].soft["other"]) == (WORDS, "f:2", (0.5,))
    assert EXAMPLES[1].soft == {"other": (0.5,)}
    again = taught_by_model(taught, teacher, tasks=[TOPIC], temperature_free=False)
    assert again[1].soft["topic"] != taught[1].soft["topic"]
    assert again[1].soft["other"] == (0.5,)


def test_the_calibrated_temperature_is_taken_only_on_request(teacher):
    calibrated = taught_by_model(EXAMPLES[:1], teacher, tasks=TASKS, temperature_free=False)[0].soft
    logits = _logits(teacher, EXAMPLES[0])
    assert calibrated["topic"] == pytest.approx((logits["topic"] / 4.0).softmax(-1).tolist(), abs=1e-5)
    assert calibrated["useful"] == pytest.approx((logits["useful"] / 0.5).sigmoid().tolist(), abs=1e-5)


def test_labels_in_another_order_are_mapped_by_name(teacher):
    # a rotation of three labels, unlike a reversal, tells an order from its inverse
    turned = {task.name: task.model_copy(update={"labels": (*task.labels[1:], task.labels[0])}) for task in TASKS}
    own = taught_by_model(EXAMPLES, teacher, tasks=TASKS)
    for example, before in zip(taught_by_model(EXAMPLES, teacher, tasks=[*turned.values()]), own, strict=True):
        assert example.soft["useful"][0] == pytest.approx(1 - before.soft["useful"][0])
        for task in TASKS[1:4]:
            by_label = dict(zip(task.labels, before.soft[task.name], strict=True))
            assert example.soft[task.name] == tuple(by_label[label] for label in turned[task.name].labels)
        if example.words:
            given = np.reshape(before.soft["slots"], (-1, 3))
            assert np.array_equal(np.reshape(example.soft["slots"], (-1, 3)), np.roll(given, -1, axis=1))


def test_a_binary_task_without_labels_is_absent_and_present(tiny):
    plain = Task(name="useful", kind="binary")
    teacher = MultiTaskModel(tiny, [plain])
    turned = plain.model_copy(update={"labels": ("1", "0")})
    first = taught_by_model(EXAMPLES, teacher, tasks=[plain])[0].soft["useful"][0]
    second = taught_by_model(EXAMPLES, teacher, tasks=[turned])[0].soft["useful"][0]
    assert first + second == pytest.approx(1.0)


def test_tasks_that_the_teacher_does_not_have_are_left_alone(tiny):
    teacher = MultiTaskModel(tiny, [TOPIC])
    assert [set(example.soft) for example in taught_by_model(EXAMPLES[2:], teacher, tasks=TASKS)] == [{"topic"}] * 2


def test_words_beyond_the_teachers_budget_are_not_taught(teacher):
    words = ("sums",) * 40
    long = Example(text=" ".join(words), labels={}, words=words)
    taught = taught_by_model([long, EXAMPLES[1]], teacher, tasks=TASKS)
    assert set(taught[0].soft) == {"useful", "topic", "parts", "shown"}
    assert len(taught[1].soft["slots"]) == 12


def test_neither_the_generator_nor_the_teachers_mode_changes(teacher):
    teacher.train()
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    first = taught_by_model(EXAMPLES, teacher, tasks=TASKS)
    assert torch.equal(torch.rand(3), expected)
    assert teacher.training
    assert first == taught_by_model(EXAMPLES, teacher, tasks=TASKS)
    teacher.eval()


def test_no_examples_give_none(teacher):
    assert taught_by_model([], teacher, tasks=TASKS) == []


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (TOPIC.model_copy(update={"labels": ("maths", "art")}), r"'topic' has the labels maths, art but.*music"),
        (TOPIC.model_copy(update={"labels": ("a", "b", "c")}), "'topic' has the labels a, b, c"),
        (Task(name="useful", kind="binary"), "'useful' has the labels 0, 1 but the teacher's has no, yes"),
        (PARTS.model_copy(update={"kind": "multiclass"}), "'parts' is multiclass but the teacher's is multilabel"),
        (TOPIC.model_copy(update={"labels": ()}), "'topic' has no labels"),
        (TOPIC.model_copy(update={"name": "subject"}), "none of the tasks subject; it has useful, topic"),
    ],
)
def test_a_task_that_does_not_fit_is_refused(teacher, task, said):
    with pytest.raises(InputError, match=said):
        taught_by_model(EXAMPLES, teacher, tasks=[task])
