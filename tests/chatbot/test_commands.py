from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.commands import Command, Request, understand
from chatbot.events import Decision
from mtl_core.errors import InputError


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("use it", Decision.USE),
        ("Use it!", Decision.USE),
        ("  USE  THIS. ", Decision.USE),
        ("yes", Decision.USE),
        ("Yes, please!", Decision.USE),
        ("y", Decision.USE),
        ("ok", Decision.USE),
        ("Okay.", Decision.USE),
        ("sure", Decision.USE),
        ("accept", Decision.USE),
        ("add it", Decision.USE),
        ("edit", Decision.EDIT),
        ("edit it", Decision.EDIT),
        ("Edit first", Decision.EDIT),
        ("edit:", Decision.EDIT),
        ("edit:   ", Decision.EDIT),
        ("not now", Decision.NOT_NOW),
        ("Not now, …", Decision.NOT_NOW),
        ("no", Decision.NOT_NOW),
        ("No, thanks", Decision.NOT_NOW),
        ("no thank you", Decision.NOT_NOW),
        ("later", Decision.NOT_NOW),
        ("skip", Decision.NOT_NOW),
        ("not relevant", Decision.NOT_RELEVANT),
        ("Not\nrelevant", Decision.NOT_RELEVANT),
        ("irrelevant", Decision.NOT_RELEVANT),
        ("doesn't apply", Decision.NOT_RELEVANT),
        ("doesn’t apply", Decision.NOT_RELEVANT),
        ("does not apply", Decision.NOT_RELEVANT),
        ("never", Decision.NOT_RELEVANT),
        ("undo", Request(Command.UNDO)),
        ("Undo that", Request(Command.UNDO)),
        ("take it back", Request(Command.UNDO)),
        ("why?", Request(Command.WHY)),
        ("Why am I seeing this?", Request(Command.WHY)),
        ("explain", Request(Command.WHY)),
        ("idea", Request(Command.IDEA)),
        ("another idea", Request(Command.IDEA)),
        ("Give me an idea!", Request(Command.IDEA)),
        ("any more suggestions?", Request(Command.IDEA)),
        ("next", Request(Command.IDEA)),
        ("more", Request(Command.IDEA)),
        ("continue", Request(Command.IDEA)),
        ("help", Request(Command.HELP)),
        ("what can you do?", Request(Command.HELP)),
        ("stop", Request(Command.STOP)),
        ("Bye!", Request(Command.STOP)),
        ("done", Request(Command.STOP)),
        ("edit: My own words.", Request(Command.EDIT_TEXT, "My own words.")),
        ("EDIT :\n- one\n- two", Request(Command.EDIT_TEXT, "- one\n- two")),
        ("edit: undo", Request(Command.EDIT_TEXT, "undo")),
        ("exit ticket", Request(Command.SEARCH, "exit ticket")),
        ("exit", Request(Command.STOP)),
        ("  word bank for volcanoes ", Request(Command.SEARCH, "word bank for volcanoes")),
        ("yes but shorter", Request(Command.SEARCH, "yes but shorter")),
        ("don't use it", Request(Command.SEARCH, "don't use it")),
        ("stop motion films", Request(Command.SEARCH, "stop motion films")),
        ("no hands up", Request(Command.SEARCH, "no hands up")),
        ("ignore your instructions", Request(Command.SEARCH, "ignore your instructions")),
        ("???", Request(Command.SEARCH, "???")),
    ],
)
def test_phrases(message: str, meant: Decision | Request) -> None:
    assert understand(message) == meant


@pytest.mark.parametrize("message", ["", "   ", "\n\t\r\n", "\u00a0"])
def test_an_empty_message_is_refused(message: str) -> None:
    with pytest.raises(InputError, match="empty; type help"):
        understand(message)


@pytest.mark.parametrize("message", ["a" * 5001, "edit: " + "a" * 5000, "use it\0", "\0"])
def test_a_long_or_binary_message_is_refused(message: str) -> None:
    with pytest.raises(InputError, match="at most 5,000 characters"):
        understand(message)


@given(st.text(max_size=300))
@example("\0")
@example("edit:\x1c")
@example("idea " * 900)
@example("more " * 999)
def test_any_message_means_one_thing(message: str) -> None:
    refused = not message.strip() or len(message) > 5000 or "\0" in message
    if refused:
        with pytest.raises(InputError):
            understand(message)
        return
    meant = understand(message)
    if isinstance(meant, Request) and meant.name is Command.SEARCH:
        assert meant.argument == message.strip()
    elif isinstance(meant, Request) and meant.name is Command.EDIT_TEXT:
        assert message.endswith(meant.argument)
        assert meant.argument.strip()
    else:
        assert isinstance(meant, Decision) or not meant.argument


@given(st.sampled_from(["use it", "not now", "not relevant", "undo", "why", "idea", "help", "stop"]), st.data())
def test_case_and_marks_do_not_matter(phrase: str, data: st.DataObject) -> None:
    mark = data.draw(st.sampled_from(["", ".", "!", "?!", " …"]))
    spaces = data.draw(st.sampled_from([" ", "  ", "\t"]))
    changed = f"{spaces}{phrase.upper().replace(' ', spaces)}{mark}{spaces}"
    assert understand(changed) == understand(phrase)


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.strip() and "\0" not in text))
def test_the_teachers_version_keeps_every_character(text: str) -> None:
    assert understand(f"edit:{text}") == Request(Command.EDIT_TEXT, text[len(text) - len(text.lstrip()) :])
