"""Spans and entity F1, held against a port of conlleval's own state machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from mtl_core.evaluation import (
    Span,
    SpanScores,
    extract_spans,
    joint_exact_match,
    multiclass_scores,
    sentence_exact_match,
    span_scores,
)
from mtl_core.tasks import Task

TAGS = ("O", "B-x", "I-x", "B-y", "I-y", "B-p-q", "I-p-q")
SENTENCE = st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), max_size=8)
CORPUS = st.lists(SENTENCE, min_size=1, max_size=6).map(
    lambda rows: ([[one for one, _ in row] for row in rows], [[other for _, other in row] for row in rows])
)


def starts(before: str, tag: str, type_before: str, type_now: str) -> bool:
    """Does a chunk start between two tags? (conlleval's startOfChunk, BIO rows)"""
    changed = (before, tag) in {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I")}
    return changed or (tag != "O" and type_before != type_now)


def ends(before: str, tag: str, type_before: str, type_now: str) -> bool:
    """Does a chunk end between two tags? (conlleval's endOfChunk, BIO rows)"""
    changed = (before, tag) in {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O")}
    return changed or (before != "O" and type_before != type_now)


class Conlleval:
    """The counters of conlleval, moved on word by word; a sentence ends with an O on both sides."""

    def __init__(self, golds: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]]) -> None:
        self.found, self.guessed, self.correct = Counter(), Counter(), Counter()
        self.words = self.right_words = 0
        self.inside = False
        self.last = (("O", ""), ("O", ""))
        for gold, said in zip(golds, predictions, strict=True):
            for pair in zip(gold, said, strict=True):
                self.words += 1
                self.right_words += pair[0] == pair[1]
                self.step(*pair)
            self.step("O", "O")

    def step(self, gold: str, said: str) -> None:
        (gold_tag, _, gold_type), (said_tag, _, said_type) = gold.partition("-"), said.partition("-")
        (gold_before, gold_type_before), (said_before, said_type_before) = self.last
        gold_move = (gold_before, gold_tag, gold_type_before, gold_type)
        said_move = (said_before, said_tag, said_type_before, said_type)
        if self.inside:
            if ends(*gold_move) and ends(*said_move) and gold_type_before == said_type_before:
                self.inside = False
                self.correct[gold_type_before] += 1
            elif ends(*gold_move) != ends(*said_move) or gold_type != said_type:
                self.inside = False
        if starts(*gold_move) and starts(*said_move) and gold_type == said_type:
            self.inside = True
        self.found[gold_type] += starts(*gold_move)
        self.guessed[said_type] += starts(*said_move)
        self.last = ((gold_tag, gold_type), (said_tag, said_type))

    def figures(self, kind: str | None = None) -> tuple[float, float, float]:
        right, guessed, found = (
            table.total() if kind is None else table[kind] for table in (self.correct, self.guessed, self.found)
        )
        precision, recall = right / guessed if guessed else 0, right / found if found else 0
        return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0


@settings(deadline=None, max_examples=200)
@given(CORPUS)
def test_figures_equal_conlleval(corpus: tuple[list[list[str]], list[list[str]]]) -> None:
    scores, peer = span_scores(*corpus), Conlleval(*corpus)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(peer.figures())
    kinds = {kind for table in (peer.found, peer.guessed) for kind, count in table.items() if count}
    assert set(scores.per_label) == kinds
    for kind, score in scores.per_label.items():
        assert (score.precision, score.recall, score.f1) == pytest.approx(peer.figures(kind))
        assert score.support == peer.found[kind]
    if peer.words:
        assert scores.accuracy == pytest.approx(peer.right_words / peer.words)
    if kinds:
        assert scores.macro.f1 == pytest.approx(sum(peer.figures(kind)[2] for kind in kinds) / len(kinds))


def test_the_reference_agrees_with_a_worked_example() -> None:
    """Counts by hand: gold x(0-2) y(3), guessed x(0-1) y(3): one of two right on both sides."""
    peer = Conlleval([["B-x", "I-x", "O", "B-y"]], [["B-x", "O", "O", "B-y"]])
    assert peer.figures() == (0.5, 0.5, 0.5)
    assert (peer.words, peer.right_words) == (4, 3)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ([], []),
        (["O", "O"], []),
        (["O", "B-x", "O"], [Span(1, 2, "x")]),
        (["O", "B-x", "I-x"], [Span(1, 3, "x")]),
        (["B-x", "I-y"], [Span(0, 1, "x"), Span(1, 2, "y")]),
        (["I-x", "I-x", "O", "I-x"], [Span(0, 2, "x"), Span(3, 4, "x")]),
        (["B-x", "B-x", "I-x"], [Span(0, 1, "x"), Span(1, 3, "x")]),
        (["B-x", "I-x", "I-y", "I-x"], [Span(0, 2, "x"), Span(2, 3, "y"), Span(3, 4, "x")]),
        (["B-a-b", "I-a-b", "I-a-c"], [Span(0, 2, "a-b"), Span(2, 3, "a-c")]),
        (["B-depart_date.day_name"], [Span(0, 1, "depart_date.day_name")]),
    ],
)
def test_spans(tags: list[str], spans: list[Span]) -> None:
    assert extract_spans(tags) == spans


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(TAGS), max_size=12))
def test_spans_cover_exactly_the_words_that_are_not_outside(tags: list[str]) -> None:
    spans = extract_spans(tags)
    covered = [place for span in spans for place in range(span.start, span.end)]
    assert covered == [place for place, tag in enumerate(tags) if tag != "O"]
    assert all(tags[place][2:] == span.type for span in spans for place in range(span.start, span.end))


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        (["O", "B-x", "O"], ["O", "B-x", "I-x"]),
        (["B-x", "I-x"], ["B-x", "I-y"]),
        (["O", "B-x", "I-x"], ["O", "B-x", "B-x"]),
    ],
)
def test_a_span_of_other_length_or_type_is_wrong(gold: list[str], said: list[str]) -> None:
    assert span_scores([gold], [said]).f1 == 0
    assert span_scores([gold], [gold]).f1 == 1


def test_how_a_span_is_opened_does_not_matter() -> None:
    scores = span_scores([["B-x", "I-x"]], [["I-x", "I-x"]])
    assert scores.f1 == 1
    assert scores.accuracy == 0.5
    assert scores.exact_match == 0


def test_a_span_does_not_run_into_the_next_sentence() -> None:
    scores = span_scores([["O", "B-x"], ["I-x", "O"]], [["O", "B-x"], ["O", "O"]])
    assert (scores.precision, scores.recall) == (1, 0.5)


def test_sentences_without_labels_do_not_count() -> None:
    golds, said = [["B-x"], None, ["O"]], [["B-x"], ["B-y"], ["B-x"]]
    assert span_scores(golds, said) == span_scores([["B-x"], ["O"]], [["B-x"], ["B-x"]])
    assert sentence_exact_match(golds, said) == 0.5
    nothing = span_scores([None], [["O"]])
    assert nothing == SpanScores(count=0)
    assert {nothing.f1, nothing.accuracy, nothing.exact_match, nothing.macro.f1, nothing.micro.f1} == {None}
    assert sentence_exact_match([None], [["O"]]) is None


def test_sentences_without_entities_score_nought_as_in_conlleval() -> None:
    scores = span_scores([["O", "O"]], [["O", "O"]])
    assert (scores.precision, scores.recall, scores.f1, scores.macro.f1) == (0, 0, 0, 0)
    assert (scores.accuracy, scores.exact_match) == (1, 1)


def test_the_result_survives_json() -> None:
    scores = span_scores([["B-x", "O"]], [["B-x", "B-y"]])
    assert SpanScores.model_validate_json(json.dumps(scores.to_dict())) == scores


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="Sentence 2 has 1 gold tags and 2 predicted"):
        span_scores([None, ["O"]], [["O"], ["O", "O"]])
    for tag in ("X-x", "B", "B-", "x"):
        with pytest.raises(InputError, match="is not BIO"):
            extract_spans([tag])


INTENT = Task(name="intent", kind="multiclass", separator="#")
SLOTS = Task(name="slots", kind="token")
FLAGS = Task(name="flags", kind="multilabel", labels=("a", "b"))


def test_an_example_is_right_when_all_its_labelled_tasks_are() -> None:
    golds = {
        "intent": ["flight", "flight", "fare", None, None],
        "slots": [("O", "B-x"), ("O",), None, ["O"], None],
        "flags": [None, ("a", "b"), ("a",), None, None],
    }
    said = {
        "intent": ["flight", "flight", "fare", "any", "any"],
        "slots": [("O", "B-x"), ("B-x",), ("O",), ("O",), ("O",)],
        "flags": [(), ("b", "a"), ("a",), (), ()],
    }
    assert joint_exact_match([INTENT, SLOTS, FLAGS], golds, said) == 3 / 4
    assert joint_exact_match([INTENT, FLAGS], golds, said) == 1
    assert joint_exact_match([INTENT], {"intent": [None]}, {"intent": ["a"]}) is None


def test_one_of_several_right_answers_counts_only_where_asked() -> None:
    golds = {"intent": ["flight#fare", "flight#fare"], "slots": [("O",), ("O",)]}
    said = {"intent": ["fare", "fare"], "slots": [("O",), ("B-x",)]}
    assert joint_exact_match([INTENT, SLOTS], golds, said) == 0
    assert joint_exact_match([INTENT, SLOTS], golds, said, any_of=True) == 0.5


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["a", "a#b", "b"]), st.sampled_from(["a", "b"])), min_size=1))
def test_for_one_task_it_is_the_task_accuracy(pairs: list[tuple[str, str]]) -> None:
    golds, said = map(list, zip(*pairs, strict=True))
    scores = multiclass_scores(golds, said, separator="#")
    joint = joint_exact_match([INTENT], {"intent": golds}, {"intent": said})
    assert joint == pytest.approx(scores.accuracy)
    lenient = joint_exact_match([INTENT], {"intent": golds}, {"intent": said}, any_of=True)
    assert lenient == pytest.approx(scores.accuracy_any)


def test_joint_match_refuses_missing_tasks_and_other_lengths() -> None:
    with pytest.raises(InputError, match="predictions of the task 'slots'"):
        joint_exact_match([SLOTS], {"slots": [("O",)]}, {})
    with pytest.raises(InputError, match="different numbers of examples"):
        joint_exact_match(
            [INTENT, SLOTS], {"intent": ["a"], "slots": [None, None]}, {"intent": ["a"], "slots": [("O",), ("O",)]}
        )
