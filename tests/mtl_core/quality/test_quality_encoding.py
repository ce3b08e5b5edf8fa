"""A reading encodes each segment once, and after an edit only what changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mtl_core.encoder import SharedEncoder
from mtl_core.features import encoder_text
from mtl_core.patterns import Hits, Passage
from mtl_core.quality import QualityModel
from mtl_core.reading import Analysis
from tests.mtl_core.quality.readings import PLAN, assert_same


@contextmanager
def encoder_calls() -> Iterator[list[list[str]]]:
    """The texts of every call of the encoder."""
    calls: list[list[str]] = []
    real = SharedEncoder.encode

    def spy(self: SharedEncoder, texts: list[str], **options: object) -> object:
        calls.append(list(texts))
        return real(self, texts, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedEncoder, "encode", spy)
        yield calls


def test_one_reading_is_one_pass_over_each_different_segment(model: QualityModel) -> None:
    text = "# Plan\n\nPupils write three sums.\n\n- exit card\n- exit card\n- **exit card**\n"
    with encoder_calls() as calls:
        analysis = model.analyse(text)
    assert calls == [["Plan", "Pupils write three sums.", "exit card"]]
    assert analysis.encoded == 3
    assert len(analysis.segments) == 5


def test_an_edit_encodes_only_what_changed(model: QualityModel, reading: Analysis) -> None:
    added = "\n\nEvery child writes one subtraction sentence on a card and hands it in at the door.\n"
    edited = PLAN.replace("Praise the tidiest table.", "Stack the chairs.") + added
    with encoder_calls() as calls:
        again = model.analyse(edited, previous=reading)
    known = {encoder_text(segment.text) for segment in reading.segments}
    sent = [text for call in calls for text in call]
    assert len(calls) == 1
    assert again.encoded == len(sent) == 2
    assert added.strip() in sent
    assert not known & set(sent)
    assert_same(again, model.analyse(edited))


def test_the_same_text_again_encodes_nothing(model: QualityModel, reading: Analysis) -> None:
    again = model.analyse(PLAN, previous=reading)
    assert again.encoded == 0
    assert_same(again, reading)


def test_an_edit_searches_patterns_only_in_what_changed(model: QualityModel, reading: Analysis) -> None:
    edited = PLAN + "\n\nEvery child writes one subtraction sentence on an exit ticket and hands it in at the door.\n"
    searched: list[int] = []
    matcher = model.patterns.matcher if model.patterns else None
    assert matcher is not None
    real = matcher._hits

    def spy(passages: list[Passage]) -> Hits:
        searched.append(len(passages))
        return real(passages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "_hits", spy)
        again = model.analyse(edited, previous=reading)
    assert searched == [1]
    assert_same(again, model.analyse(edited))
    assert set(again.pattern_hits) == {Passage.of(segment) for segment in again.segments}
