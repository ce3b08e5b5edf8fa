"""A teacher as a file: a language model's probabilities by text, one JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from mtl_core.data.examples import Example
from mtl_core.data.hints import did_you_mean, listed
from mtl_core.data.splits import normalised
from mtl_core.data.text_files import read_json_lines
from mtl_core.errors import InputError
from mtl_core.heads import head_class
from mtl_core.tasks import Task
from mtl_core.training.probabilities import read_probabilities

__all__ = ["Judgement", "TaughtExamples", "TeacherFile", "read_teacher_file", "taught_by_file"]

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the teacher says of one text.

    Args:
        text: The text; its words joined by blanks where words are given.
        words: The words that token tasks judge.
        soft: Probabilities by task name, in the form of ``Example.soft``.
        source: ``file:line``.
    """

    text: str
    words: tuple[str, ...]
    soft: Mapping[str, tuple[float, ...]]
    source: str


@dataclass(frozen=True, slots=True)
class TeacherFile:
    """A validated file of judgements.

    Args:
        path: The file.
        tasks: Tasks that may be judged.
        judgements: By normalised text (case folded, runs of blanks as one), in the order of the file.
    """

    path: Path
    tasks: tuple[Task, ...]
    judgements: Mapping[str, Judgement]


class TaughtExamples(NamedTuple):
    """Examples with a file's soft labels.

    Args:
        examples: The examples given, in their order, then the new ones without labels.
        matched: How many of the given ones the file judges.
        added: How many are new.
        left_out: How many texts of the file are not new examples since held-out data hold them.
    """

    examples: list[Example]
    matched: int
    added: int
    left_out: int

    @property
    def message(self) -> str:
        """What became of the file, in a sentence."""
        left = f"; {self.left_out} belong to held-out data and were left out" if self.left_out else ""
        given = len(self.examples) - self.added
        return (
            f"The teacher's file judges {self.matched} of the {given} training examples; "
            f"{self.added} further texts of it are learned from without labels{left}."
        )


def read_teacher_file(path: str | Path, tasks: Sequence[Task]) -> TeacherFile:
    """Read judgements: ``{"text": "...", "probabilities": {"task": ...}}``, one object a line.

    A binary task takes one number, the probability of the positive label; ``{"label": p}`` or ``[p, ...]`` in the
    order of the labels do for every kind. A multiclass distribution sums to 1 within 0.02 and is normalised; a label
    that it does not name has probability 0. Token tasks need ``"words": [...]`` and one distribution a word; ``text``
    may then be left out. Lines of the same text are joined. Other keys are not read.

    Args:
        path: A JSON-lines file, UTF-8, plain or gzip'd.
        tasks: The student's tasks, with their labels.

    Returns:
        The judgements.

    Raises:
        InputError: If lines cannot be used, the first ten by ``file:line``; or the file is empty.
    """
    source = Path(path)
    by_name = {task.name: task for task in tasks}
    judgements: dict[str, Judgement] = {}
    bad: list[str] = []
    total = 0
    for where, row in read_json_lines(source):
        total += 1
        try:
            judgement = _judgement(row, by_name, source=where)
            key = normalised(judgement.text)
            judgements[key] = _joined(judgements[key], judgement) if key in judgements else judgement
        except InputError as error:
            bad.append(f"  {where}: {error}")
    if bad:
        more = [f"  and {len(bad) - _SHOWN} more"] if len(bad) > _SHOWN else []
        lines = "\n".join([*bad[:_SHOWN], *more])
        raise InputError(f"{len(bad)} of {total} lines of {source} cannot be used; correct or remove them:\n{lines}")
    if not judgements:
        raise InputError(f"{source} holds no judgement; write one JSON object a line, with text and probabilities.")
    return TeacherFile(source, tuple(tasks), judgements)


def taught_by_file(
    examples: Sequence[Example], file: TeacherFile, *, held_out: Sequence[Example] = (), dataset: str = ""
) -> TaughtExamples:
    """Fill ``Example.soft`` from a file, and turn its other texts into unlabelled examples.

    Texts are matched with case folded and runs of blanks as one. An example without words gets no soft labels of
    token tasks. Soft labels of the same task are replaced.

    Args:
        examples: The student's training examples.
        file: The judgements.
        held_out: Validation and test examples, whose texts must not become training examples.
        dataset: Data set of the new examples.

    Returns:
        The examples and how many matched.

    Raises:
        InputError: If the file judges another number of words than an example has.
    """
    kept, used = [], set()
    matched = 0
    for example in examples:
        key = normalised(example.text)
        judgement = file.judgements.get(key)
        if judgement is None:
            kept.append(example)
            continue
        used.add(key)
        matched += 1
        kept.append(replace(example, soft={**example.soft, **_fitting(judgement, example, file.tasks)}))
    forbidden = {normalised(example.text) for example in held_out}
    others = {key: judgement for key, judgement in file.judgements.items() if key not in used}
    new = [
        Example(
            text=judgement.text,
            labels={},
            words=judgement.words,
            soft=judgement.soft,
            dataset=dataset,
            source=judgement.source,
        )
        for key, judgement in others.items()
        if key not in forbidden
    ]
    return TaughtExamples([*kept, *new], matched, len(new), len(others) - len(new))


def _judgement(row: Mapping[str, Any], tasks: Mapping[str, Task], *, source: str) -> Judgement:
    words = _words(row.get("words"))
    text = " ".join(words) if words else row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InputError("it has no text; give it under the key 'text'")
    if words and "text" in row and (not isinstance(row["text"], str) or normalised(row["text"]) != normalised(text)):
        raise InputError("its text is not its words joined by blanks; leave the text out")
    given = row.get("probabilities")
    if not isinstance(given, dict) or not given:
        raise InputError("it has no probabilities; give them by task under the key 'probabilities'")
    soft = {}
    for name, value in given.items():
        if name not in tasks:
            raise InputError(f"{name!r} is not a task; the tasks are {listed(tasks)}.{did_you_mean(name, tasks)}")
        soft[name] = read_probabilities(value, tasks[name], words=len(words))
    return Judgement(text=text, words=words, soft=soft, source=source)


def _words(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(word, str) and word.strip() for word in given):
        raise InputError("its words are not a list of words")
    return tuple(given)


def _joined(first: Judgement, second: Judgement) -> Judgement:
    """Two judgements of one text as one; about a task they may not differ."""
    if first.words and second.words and len(first.words) != len(second.words):
        raise InputError(f"its text is cut into other words than on {first.source}; cut it the same way")
    differ = [name for name in second.soft if first.soft.get(name, second.soft[name]) != second.soft[name]]
    if differ:
        raise InputError(f"it says otherwise of task {differ[0]!r} than {first.source} does of the same text; keep one")
    words = first if first.words else second
    return replace(first, text=words.text, words=words.words, soft={**first.soft, **second.soft})


def _fitting(judgement: Judgement, example: Example, tasks: Sequence[Task]) -> dict[str, tuple[float, ...]]:
    """What a judgement teaches an example."""
    of_words = {task.name for task in tasks if head_class(task.kind).unit == "word"} & set(judgement.soft)
    if not example.words or not of_words:
        return {name: given for name, given in judgement.soft.items() if name not in of_words}
    if len(example.words) != len(judgement.words):
        raise InputError(
            f"{example.source or 'An example'} has {len(example.words)} words but {judgement.source} judges "
            f"{len(judgement.words)} of the same text; cut both the same way."
        )
    return dict(judgement.soft)
