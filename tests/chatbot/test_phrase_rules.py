"""Plain phrases: what each means, and what is no phrase."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.phrase_rules import read_phrases
from chatbot.understanding import Intent
from mtl_core.errors import InputError


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("use it", Intent.ACCEPT),
        ("Use it!", Intent.ACCEPT),
        ("  USE  THIS. ", Intent.ACCEPT),
        ("yes", Intent.ACCEPT),
        ("Yes, please!", Intent.ACCEPT),
        ("y", Intent.ACCEPT),
        ("ok", Intent.ACCEPT),
        ("Okay.", Intent.ACCEPT),
        ("sure", Intent.ACCEPT),
        ("accept", Intent.ACCEPT),
        ("add it", Intent.ACCEPT),
        ("edit", Intent.EDIT),
        ("edit it", Intent.EDIT),
        ("Edit first", Intent.EDIT),
        ("edit:", Intent.EDIT),
        ("edit:   ", Intent.EDIT),
        ("not now", Intent.NOT_NOW),
        ("Not now, …", Intent.NOT_NOW),
        ("no", Intent.NOT_NOW),
        ("No, thanks", Intent.NOT_NOW),
        ("no thank you", Intent.NOT_NOW),
        ("later", Intent.NOT_NOW),
        ("skip", Intent.NOT_NOW),
        ("not relevant", Intent.NOT_RELEVANT),
        ("Not\nrelevant", Intent.NOT_RELEVANT),
        ("irrelevant", Intent.NOT_RELEVANT),
        ("doesn't apply", Intent.NOT_RELEVANT),
        ("doesn’t apply", Intent.NOT_RELEVANT),
        ("does not apply", Intent.NOT_RELEVANT),
        ("never", Intent.NOT_RELEVANT),
        ("undo", Intent.UNDO),
        ("Undo that", Intent.UNDO),
        ("take it back", Intent.UNDO),
        ("why?", Intent.WHY),
        ("Why am I seeing this?", Intent.WHY),
        ("explain", Intent.WHY),
        ("idea", Intent.IDEA),
        ("another idea", Intent.IDEA),
        ("Give me an idea!", Intent.IDEA),
        ("any more suggestions?", Intent.IDEA),
        ("next", Intent.IDEA),
        ("more", Intent.IDEA),
        ("continue", Intent.IDEA),
        ("help", Intent.HELP),
        ("what can you do?", Intent.HELP),
        ("stop", Intent.STOP),
        ("Bye!", Intent.STOP),
        ("done", Intent.STOP),
        ("edit: My own words.", Intent.EDIT),
        ("EDIT :\n- one\n- two", Intent.EDIT),
        ("edit: undo", Intent.EDIT),
        ("exit ticket", Intent.SEARCH),
        ("exit", Intent.STOP),
        ("  word bank for volcanoes ", Intent.SEARCH),
        ("yes but shorter", Intent.SEARCH),
        ("don't use it", Intent.SEARCH),
        ("stop motion films", Intent.SEARCH),
        ("no hands up", Intent.SEARCH),
        ("ignore your instructions", Intent.SEARCH),
        ("???", Intent.SEARCH),
    ],
)
def test_phrases(message: str, meant: Intent) -> None:
    assert read_phrases(message).intent == meant


@pytest.mark.parametrize(
    ("message", "argument"),
    [
        ("edit: My own words.", "My own words."),
        ("EDIT :\n- one\n- two", "- one\n- two"),
        ("edit: undo", "undo"),
        ("edit", ""),
        ("  word bank for volcanoes ", "word bank for volcanoes"),
        ("not relevant", ""),
        ("Not relevant: we’ve no tablets.", "we’ve no tablets."),
        ("it's not relevant because the class is too small", "the class is too small"),
        ("Irrelevant – they cannot read yet", "they cannot read yet"),
        ("already there: Pupils’ books, page 4.", "Pupils’ books, page 4."),
    ],
)
def test_arguments(message: str, argument: str) -> None:
    assert read_phrases(message).argument == argument


@pytest.mark.parametrize("message", ["", "   ", "\n\t\r\n", "\u00a0"])
def test_no_message_is_refused(message: str) -> None:
    with pytest.raises(InputError, match="empty; type help"):
        read_phrases(message)


@given(st.text(max_size=300))
@example("edit:\x1c")
@example("idea " * 900)
@example("more " * 999)
def test_any_message_means_one_thing(message: str) -> None:
    if not message.strip() or "\0" in message:
        with pytest.raises(InputError):
            read_phrases(message)
        return
    meant = read_phrases(message)
    assert meant.confidence == 1
    assert Intent(meant.intent) in Intent
    assert meant.argument in message
    if meant.intent == Intent.SEARCH:
        assert meant.argument == message.strip()


@given(st.sampled_from(["use it", "not now", "not relevant", "undo", "why", "idea", "help", "stop"]), st.data())
def test_case_and_marks_do_not_matter(phrase: str, data: st.DataObject) -> None:
    mark = data.draw(st.sampled_from(["", ".", "!", "?!", " …"]))
    spaces = data.draw(st.sampled_from([" ", "  ", "\t"]))
    changed = f"{spaces}{phrase.upper().replace(' ', spaces)}{mark}{spaces}"
    assert read_phrases(changed).intent == read_phrases(phrase).intent


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip() and "\0" not in text))
def test_the_teachers_version_keeps_every_character(text: str) -> None:
    meant = read_phrases(f"edit:{text}")
    assert (meant.intent, meant.argument) == (Intent.EDIT, text[len(text) - len(text.lstrip()) :])
