"""The vocabulary of understanding, and what a message may be."""

from __future__ import annotations

import pytest

from chatbot.understanding import MAX_MESSAGE, UNSURE_BELOW, Intent, Understood, checked_message
from mtl_core.errors import InputError


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u2003"])
def test_an_empty_message_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="empty"):
        checked_message(text)


@pytest.mark.parametrize("text", ["a\0b", "half \ud800 pair"])
def test_what_is_no_text_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no text"):
        checked_message(text)


def test_the_longest_message_is_taken_and_one_more_character_is_not() -> None:
    longest = "x" * MAX_MESSAGE
    assert checked_message(longest) == longest
    with pytest.raises(InputError, match="5,000"):
        checked_message(longest + "x")


def test_unsure_is_no_intent() -> None:
    assert "unsure" not in set(Intent)
    assert 0 < UNSURE_BELOW < 1
    assert len(Intent) == 23


def test_what_was_understood_has_quiet_defaults() -> None:
    understood = Understood("help", 1.0)
    assert (dict(understood.slots), understood.category, understood.sentiment) == ({}, "other", "neutral")
