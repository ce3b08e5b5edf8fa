"""A file of judgements: what is read, what is refused, which examples it teaches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.heads import HeadSettings, make_head
from mtl_core.tasks import Task
from mtl_core.training.probabilities import read_probabilities
from mtl_core.training.teachers import read_teacher_file, taught_by_file

USEFUL = Task(name="useful", kind="binary", labels=("no", "yes"))
TOPIC = Task(name="topic", kind="multiclass", labels=("maths", "art", "music"))
PARTS = Task(name="parts", kind="multilabel", labels=("goal", "check"))
SLOTS = Task(name="slots", kind="token", labels=("O", "B-who", "I-who"))
TASKS = (USEFUL, TOPIC, PARTS, SLOTS)


def _write(folder: Path, *rows: Any) -> Path:
    path = folder / "judged.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def _row(text: str, **probabilities: Any) -> dict[str, Any]:
    return {"text": text, "probabilities": probabilities}


@pytest.mark.parametrize(
    ("task", "value", "expected"),
    [
        (USEFUL, 0.93, (0.93,)),
        (USEFUL, 1, (1.0,)),
        (USEFUL, [0.93], (0.93,)),
        (USEFUL, [0.25, 0.75], (0.75,)),
        (USEFUL, {"yes": 0.25}, (0.25,)),
        (USEFUL, {"no": 0.25}, (0.75,)),
        (USEFUL, {"yes": 0.75, "no": 0.25}, (0.75,)),
        (USEFUL.model_copy(update={"labels": ()}), {"1": 0.25}, (0.25,)),
        (TOPIC, [0.5, 0.25, 0.25], (0.5, 0.25, 0.25)),
        (TOPIC, {"music": 0.75, "maths": 0.25}, (0.25, 0.0, 0.75)),
        (TOPIC, [0.5, 0.26, 0.25], (0.5 / 1.01, 0.26 / 1.01, 0.25 / 1.01)),
        (PARTS, {"check": 0.9, "goal": 0.8}, (0.8, 0.9)),
        (PARTS, [0.0, 1.0], (0.0, 1.0)),
        (SLOTS, [[1, 0, 0], {"B-who": 0.5, "I-who": 0.5}], (1.0, 0.0, 0.0, 0.0, 0.5, 0.5)),
    ],
)
def test_probabilities_are_read_in_every_form(task, value, expected):
    assert read_probabilities(value, task, words=2) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("task", "value", "said"),
    [
        (USEFUL, 1.2, "1.2 is not a probability"),
        (USEFUL, -0.1, "-0.1 is not a probability"),
        (USEFUL, float("nan"), "nan is not a probability"),
        (USEFUL, True, "True is not a probability"),
        (USEFUL, "0.9", "'0.9' is not a probability"),
        (USEFUL, None, "None is not a probability"),
        (USEFUL, {}, "sum to 0, not to 1"),
        (USEFUL, [], "0 probabilities are given, the labels are 2"),
        (USEFUL, {"maybe": 0.9}, "'maybe' is not a label; it may be one of no, yes"),
        (USEFUL, {"yes": 0.9, "no": 0.9}, "sum to 1.8, not to 1"),
        (TOPIC, 0.9, "give a list, or a mapping from labels, of 3"),
        (TOPIC, [0.5, 0.5], "2 probabilities are given, the labels are 3"),
        (TOPIC, [0.5, 0.5, 0.03], "sum to 1.03, not to 1"),
        (TOPIC, {"Maths": 1.0}, "'Maths' is not a label.*Did you mean 'maths'"),
        (PARTS, {"goal": 0.9}, "the label 'check' has no probability"),
        (PARTS, [0.9, 1.5], "1.5 is not a probability"),
        (SLOTS, [[1, 0, 0]], "each of the 2 words is needed, there is 1"),
        (SLOTS, {"O": 1}, "each of the 2 words is needed, there is no list"),
        (SLOTS, [[1, 0, 0], [1, 1, 0]], "sum to 2, not to 1"),
    ],
)
def test_what_is_no_probability_is_refused(task, value, said):
    with pytest.raises(InputError, match=f"^task '{task.name}': .*{said}"):
        read_probabilities(value, task, words=2)


def test_a_token_task_without_words_is_refused():
    with pytest.raises(InputError, match="it judges words; give them under the key 'words'"):
        read_probabilities([[1, 0, 0]], SLOTS)


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3), st.floats(0.985, 1.015))
def test_a_distribution_near_one_is_normalised(weights, total):
    given_by = [min(total * weight / sum(weights), 1.0) for weight in weights]
    read = read_probabilities(given_by, TOPIC)
    assert sum(read) == pytest.approx(1.0, abs=1e-12)
    assert read == pytest.approx([value / sum(given_by) for value in given_by])


def test_a_file_teaches_the_examples_of_its_texts(tmp_path):
    words = ["plan", "Pupils"]
    file = read_teacher_file(
        _write(
            tmp_path,
            _row("Plan a\tlesson", useful=0.9, topic={"art": 1.0}),
            {"words": words, "probabilities": {"slots": [[1, 0, 0], [0, 1, 0]], "useful": 0.2}},
            {**_row("Something new", parts=[0.5, 0.25]), "model": "any"},
            {"words": ["two", "words"], "probabilities": {"slots": [[0, 0, 1], [1, 0, 0]]}},
        ),
        TASKS,
    )
    examples = [
        Example(text="plan a LESSON ", labels={"topic": "maths"}, soft={"topic": (0.0, 0.0, 1.0), "kept": (0.5,)}),
        Example(text="plan pupils", labels={}),
        Example(text="nobody judged this", labels={"useful": "yes"}),
        Example(text="plan pupils", labels={}, words=("plan", "pupils")),
    ]
    taught = taught_by_file(examples, file, dataset="judged")
    assert (taught.matched, taught.added, taught.left_out) == (3, 2, 0)
    assert taught.message.startswith("The teacher's file judges 3 of the 4 training examples; 2 further texts")
    first, second, third, fourth, fifth, sixth = taught.examples
    assert first.text == "plan a LESSON "
    assert first.labels == {"topic": "maths"}
    assert first.soft == {"useful": (0.9,), "topic": (0.0, 1.0, 0.0), "kept": (0.5,)}
    assert second.soft == {"useful": (0.2,)}
    assert third is examples[2]
    assert fourth.soft == {"useful": (0.2,), "slots": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)}
    assert (fifth.text, fifth.labels, fifth.soft, fifth.dataset) == (
        "Something new",
        {},
        {"parts": (0.5, 0.25)},
        "judged",
    )
    assert fifth.source.endswith("judged.jsonl:3")
    assert (sixth.text, sixth.words) == ("two words", ("two", "words"))


def test_what_is_read_fits_the_heads(tmp_path):
    file = read_teacher_file(
        _write(
            tmp_path,
            {
                "words": ["plan", "pupils"],
                "probabilities": {"useful": 0.5, "topic": [0, 1, 0], "parts": [0, 1], "slots": [[1, 0, 0]] * 2},
            },
        ),
        TASKS,
    )
    (example,) = taught_by_file([], file).examples
    for task in TASKS:
        targets = make_head(task, dimension=4, settings=HeadSettings()).targets([example])
        assert targets.taught is not None
        assert targets.taught.all()
        assert not targets.known.any()


def test_held_out_texts_never_become_training_examples(tmp_path):
    file = read_teacher_file(_write(tmp_path, _row("In Test", useful=1), _row("both", useful=1)), TASKS)
    held_out = [Example(text="in  test", labels={}), Example(text="both", labels={})]
    taught = taught_by_file([Example(text="both", labels={})], file, held_out=held_out)
    assert [example.text for example in taught.examples] == ["both"]
    assert (taught.matched, taught.added, taught.left_out) == (1, 0, 1)
    assert "1 belong to held-out data" in taught.message


def test_lines_of_one_text_are_joined(tmp_path):
    words = {"words": ["a", "card"], "probabilities": {"slots": [[1, 0, 0], [1, 0, 0]]}}
    rows = [_row("A card", useful=0.5), _row("a  card", topic=[1, 0, 0], useful=0.5), words]
    file = read_teacher_file(_write(tmp_path, *rows), TASKS)
    (judgement,) = file.judgements.values()
    assert (judgement.text, judgement.words) == ("a card", ("a", "card"))
    assert judgement.soft == {"useful": (0.5,), "topic": (1.0, 0.0, 0.0), "slots": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)}
    assert judgement.source.endswith(":1")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"probabilities": {"useful": 1}}, "it has no text"),
        ({"text": "  ", "probabilities": {"useful": 1}}, "it has no text"),
        ({"text": 3, "probabilities": {"useful": 1}}, "it has no text"),
        ({"text": "a"}, "it has no probabilities"),
        ({"text": "a", "probabilities": {}}, "it has no probabilities"),
        ({"text": "a", "probabilities": [0.5]}, "it has no probabilities"),
        (_row("a", usefull=0.5), "'usefull' is not a task; the tasks are useful, .*Did you mean 'useful'"),
        (_row("a", useful=2), "task 'useful': 2 is not a probability"),
        ({"words": "a b", "probabilities": {"useful": 1}}, "not a list of words"),
        ({"words": ["a", " "], "probabilities": {"useful": 1}}, "not a list of words"),
        ({"text": "a c", "words": ["a", "b"], "probabilities": {"useful": 1}}, "not its words joined"),
        (_row("The first", useful=0.5), "otherwise of task 'useful' than .*judged.jsonl:1 does"),
    ],
)
def test_a_bad_line_is_named(tmp_path, row, said):
    path = _write(tmp_path, _row("the first", useful=0.25), row)
    with pytest.raises(InputError, match=rf"1 of 2 lines of .*\n  .*judged\.jsonl:2: .*{said}"):
        read_teacher_file(path, TASKS)


def test_words_cut_otherwise_are_refused(tmp_path):
    row = {"words": ["a", "card"], "probabilities": {"useful": 0.5}}
    other = {"words": ["a card"], "probabilities": {"topic": [1, 0, 0]}}
    with pytest.raises(InputError, match=r"cut into other words than on .*:1"):
        read_teacher_file(_write(tmp_path, row, other), TASKS)
    file = read_teacher_file(_write(tmp_path, {**row, "probabilities": {"slots": [[1, 0, 0]] * 2}}), TASKS)
    example = Example(text="a card", labels={}, words=("a card",), source="train.jsonl:7")
    with pytest.raises(InputError, match=r"train\.jsonl:7 has 1 words but .*:1 judges 2"):
        taught_by_file([example], file)


def test_ten_bad_lines_are_shown_and_the_others_counted(tmp_path):
    with pytest.raises(InputError) as caught:
        read_teacher_file(_write(tmp_path, *[_row("a", useful=number) for number in range(2, 15)]), TASKS)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("13 of 13 lines of ")
    assert len(lines) == 12
    assert "judged.jsonl:10: " in lines[10]
    assert lines[11] == "  and 3 more"


def test_an_empty_or_broken_file_is_refused(tmp_path):
    path = tmp_path / "judged.jsonl"
    path.write_text("\n")
    with pytest.raises(InputError, match="holds no judgement"):
        read_teacher_file(path, TASKS)
    path.write_text('{"text": "a", \n')
    with pytest.raises(InputError, match=r"judged\.jsonl:1 is not valid JSON"):
        read_teacher_file(path, TASKS)
    with pytest.raises(InputError, match="cannot be read"):
        read_teacher_file(tmp_path / "missing.jsonl", TASKS)
