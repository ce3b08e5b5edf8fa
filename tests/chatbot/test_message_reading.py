"""Phrases first, then the message heads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.message_reading import PhrasesThenHeads, message_reader
from chatbot.phrase_rules import read_phrases
from chatbot.understanding import Intent, MessageReader, Understood
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError


def always_off_topic(_: str) -> Understood:
    return Understood(Intent.OUT_OF_SCOPE, 1.0, {}, "request", "negative", "")


@pytest.mark.parametrize(
    ("phrase", "intent"),
    [
        ("Use it", Intent.ACCEPT),
        ("not now", Intent.NOT_NOW),
        ("Not relevant.", Intent.NOT_RELEVANT),
        ("edit: Pupils draw.", Intent.EDIT),
        ("already there: “draw”", Intent.ALREADY_THERE),
        ("undo", Intent.UNDO),
        ("forget me", Intent.FORGET),
    ],
)
def test_words_of_a_button_mean_the_button(phrase: str, intent: Intent) -> None:
    read = PhrasesThenHeads(always_off_topic)(phrase)
    assert (read.intent, read.confidence) == (intent, 1.0)
    assert read.argument == read_phrases(phrase).argument
    assert (read.category, read.sentiment) == ("request", "negative")


def test_other_words_are_for_the_heads() -> None:
    assert PhrasesThenHeads(always_off_topic)("a starter on rivers").intent == Intent.OUT_OF_SCOPE


@pytest.mark.parametrize("message", ["", "  ", "x" * 5001, "a\0b"])
def test_no_message_is_refused_before_anything_is_read(message: str) -> None:
    with pytest.raises(InputError):
        PhrasesThenHeads(always_off_topic)(message)


@pytest.fixture(scope="module")
def reader() -> MessageReader:
    return message_reader(SharedEncoder.load())


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("ok yes pls add that one", Intent.ACCEPT),
        ("nah skip this", Intent.NOT_NOW),
        ("find a starter on fractions", Intent.SEARCH),
        ("can i get it as a word doc", Intent.EXPORT),
        ("put it back how it was", Intent.UNDO),
        ("i teach volcanoes to 25 kids in 40 mins", Intent.STATE_FACT),
    ],
)
def test_the_shipped_reader_understands_free_words(reader: MessageReader, message: str, intent: Intent) -> None:
    assert reader(message).intent == intent


def test_another_encoder_gets_the_phrases_alone() -> None:
    other: Any = SimpleNamespace(fingerprint="another", name="another", dimension=8)
    assert message_reader(other) is read_phrases
