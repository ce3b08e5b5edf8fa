"""Texts that the head for lesson plans learns from beside whole plans."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.training.corpus import SHIPPED_CORPUS, Corpus, OtherText
from mtl_core.training.plan_head import SHORT_PLAN_WEIGHT
from mtl_core.training.plan_texts import corpus_text_examples, load_texts

ROW = {"id": "x-1", "kind": "note", "text": "Milk, eggs and a card for Jo.", "batch": "b1"}
LEARNED = ("not_plans.jsonl", "short_plans.jsonl")


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_texts_are_read_in_order(tmp_path: Path) -> None:
    path = write(tmp_path / "texts.jsonl", ROW, {**ROW, "id": "x-2"})
    assert [text.id for text in load_texts(path)] == ["x-1", "x-2"]


@pytest.mark.parametrize("row", [{**ROW, "text": 3}, {**ROW, "extra": 1}, {"id": "x"}, [1]])
def test_a_row_that_does_not_fit_is_named(tmp_path: Path, row: object) -> None:
    path = write(tmp_path / "texts.jsonl", ROW, row)
    with pytest.raises(InputError, match=r"texts\.jsonl, line 2"):
        load_texts(path)


def test_the_texts_of_the_package_have_ids_of_their_own_and_none_is_there_twice() -> None:
    texts = [text for name in LEARNED for text in load_texts(SHIPPED_CORPUS / name)]
    assert len(texts) >= 650
    assert max(Counter(text.id for text in texts).values()) == 1
    assert max(Counter(" ".join(text.text.lower().split()) for text in texts).values()) == 1


def test_no_text_that_is_kept_apart_is_learned_from() -> None:
    learned = {" ".join(text.text.lower().split()) for name in LEARNED for text in load_texts(SHIPPED_CORPUS / name)}
    apart = load_texts(SHIPPED_CORPUS / "held_out_not_plans.jsonl")
    assert len(apart) >= 100
    assert not learned & {" ".join(text.text.lower().split()) for text in apart}


def test_short_plans_are_short_and_in_batches() -> None:
    plans = load_texts(SHIPPED_CORPUS / "short_plans.jsonl")
    assert max(len(plan.text.split()) for plan in plans) <= 90
    assert len({plan.batch for plan in plans}) >= 4


def test_examples_know_what_they_are(encoder: SharedEncoder) -> None:
    other = OtherText(id="y", kind="news", text="The bridge was closed on Monday.", batch="o1")
    short = OtherText(id="s", kind="plan", text="Pupils sort leaves.\nExit: name one.", batch="s1")
    made = corpus_text_examples(encoder, Corpus((), (), (other,), (short,)))
    assert [(e.group, e.is_plan, e.weight) for e in made] == [("o1", False, 1.0), ("s1", True, SHORT_PLAN_WEIGHT)]
    assert made[0].pieces.whole.vectors.shape == (1, encoder.dimension)
