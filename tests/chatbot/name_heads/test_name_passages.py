"""Marked passages: what is read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.masking_words import COMMON_WORDS, common_words, every_name
from chatbot.name_heads.common import frequent_words
from chatbot.name_heads.fit import renamed
from chatbot.name_heads.passages import SHIPPED_PASSAGES, Passage, parse_passage, read_passages
from mtl_core.errors import InputError

PLAIN = st.text(st.characters(exclude_characters="«»¶\n\r", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(PLAIN, PLAIN), max_size=5), PLAIN)
def test_marks_are_offsets_of_the_text_without_them(parts: list[tuple[str, str]], last: str) -> None:
    line = "".join(f"{before}«{name}»" for before, name in parts) + last
    passage = parse_passage(line)
    assert passage.text == line.replace("«", "").replace("»", "")
    assert [passage.text[start:end] for start, end in passage.names] == [name for _, name in parts]


def test_a_pilcrow_is_a_new_line() -> None:
    assert parse_passage("Group:¶«Ana»") == Passage("Group:\nAna", ((7, 10),))


@pytest.mark.parametrize("line", ["«Ana", "Ana»", "««Ana»»", "«»", "»Ana«"])
def test_marks_that_do_not_pair_are_refused(line: str) -> None:
    with pytest.raises(InputError, match="name"):
        parse_passage(line)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passages.txt"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_passages([path])
    with pytest.raises(InputError, match="cannot be read"):
        read_passages([tmp_path / "missing.txt"])


def test_the_shipped_passages_have_both_kinds_and_no_repeats() -> None:
    passages = read_passages(SHIPPED_PASSAGES)
    assert sum(bool(one.names) for one in passages) >= 800
    assert sum(not one.names for one in passages) >= 500
    assert len({one.text for one in passages}) == len(passages)


def test_no_held_out_passage_is_learned_from() -> None:
    learned = {one.text.casefold() for one in read_passages(SHIPPED_PASSAGES)}
    held = read_passages([Path(__file__).parents[1] / f"masking_held_out{number}.txt" for number in ("", "_two")])
    assert not learned & {one.text.casefold() for one in held}


@given(st.integers(0, 999))
def test_other_names_stand_in_the_same_places(seed: int) -> None:
    passage = parse_passage("«Ana» sits by «Tom Reed», not by Mrs Hall.")
    other = renamed(passage, ["Ben", "Li Wei", "Zoë", "omar"], seed=str(seed))
    (first, second) = (other.text[start:end] for start, end in other.names)
    assert first in {"Ben", "Zoë"}
    assert second == "Li Wei"
    assert other.text == f"{first} sits by Li Wei, not by Mrs Hall."
    assert other == renamed(passage, ["Ben", "Li Wei", "Zoë", "omar"], seed=str(seed))


def test_common_words_stand_often_and_in_nobodys_name() -> None:
    passages = [parse_passage("«Summer» sits by the door.")]
    assert frequent_words(["summer summer door door emma emma café café"], passages, least=2) == ["door"]


def test_the_shipped_common_words_are_no_names() -> None:
    words = COMMON_WORDS.read_text(encoding="utf-8").split()
    assert words == sorted(set(words))
    assert len(words) > 4_000
    assert not common_words() & {name.lower() for name in every_name()}
