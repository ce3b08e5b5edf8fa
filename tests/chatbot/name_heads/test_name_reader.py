"""The shipped name heads: examples, properties, and damaged folders."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.masking import Masker, name_finder
from chatbot.message_heads.rows import word_spans
from chatbot.name_heads.artifact import SHIPPED_NAMES, read_names, save_names
from chatbot.name_heads.reader import NameReader, joined_words, pieces
from chatbot.name_heads.words import MARKS, bare, word_marks
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError

SEVERAL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def reader(encoder: SharedEncoder) -> NameReader:
    return NameReader.from_pretrained(encoder=encoder)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Oluwaseun needs the instructions read to him twice.", ["Oluwaseun"]),
        ("Sit Katarzyna next to the window, since she tires easily.", ["Katarzyna"]),
        ("Remind Joshua P. to take his inhaler before the warm-up.", ["Joshua P"]),
        ("Priya's exit ticket still shows the sign mistake.", ["Priya"]),
        ("The pupils read about Rosa Parks and the Montgomery bus boycott.", []),
        ("Tom buys 12 apples and eats 3. How many are left?", []),
        ("Students compare Romeo and Juliet with West Side Story.", []),
        ("Mrs Ahmed takes the second group to the library.", []),
    ],
)
def test_pupils_are_found_and_others_stay(reader: NameReader, text: str, names: list[str]) -> None:
    assert [text[span.start : span.end] for span in reader(text)] == names


@SEVERAL
@given(text=st.text(max_size=300))
def test_passages_lie_in_any_text_and_apart(reader: NameReader, text: str) -> None:
    spans = reader(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert reader(text) == spans


@given(st.text(max_size=3_000), st.integers(0, 2_000))
def test_pieces_hold_every_word_once(text: str, blanks: int) -> None:
    whole = text + " " * blanks + "end"
    cut = list(pieces(whole))
    assert all(one[1] <= other[0] for one, other in pairwise(cut))
    assert "".join("".join(whole[start:end].split()) for start, end in cut) == "".join(whole.split())
    assert all(end - start <= 500 for start, end in cut)


@given(st.text(max_size=200))
def test_every_word_has_its_marks(text: str) -> None:
    marks = word_marks(text)
    assert marks.shape == (len(word_spans(text)), MARKS)
    assert set(marks.unique().tolist()) <= {0.0, 1.0}


def test_neighbouring_words_are_one_name_and_commas_part_two() -> None:
    text = "Li Wei's turn, Ana, J. T. next"
    inside = [bare(text[start:end]) in {"Li", "Wei", "Ana", "J", "T", "."} for start, end in word_spans(text)]
    assert [text[start:end] for start, end in joined_words(text, inside)] == ["Li Wei", "Ana", "J. T"]


def test_a_masked_text_comes_back_as_it_is(encoder: SharedEncoder) -> None:
    finder = name_finder(encoder)
    text = "Seating: Amara by the board.\nAsk Tomasz to hand out the books, then Amara reads.\n"
    once = Masker(finder=finder)(text)
    assert "Amara" not in once
    assert "Tomasz" not in once
    assert Masker(finder=finder)(once) == once


def test_a_quote_of_a_plan_is_masked_as_the_plan_was(encoder: SharedEncoder) -> None:
    masker = Masker(finder=name_finder(encoder))
    plan = masker("Ask Tomasz to hand out the books. Macbeth meets the witches.")
    assert masker.quote("Macbeth meets the witches.") in plan
    assert masker.quote("Ask Tomasz to hand out the books.") in plan


@pytest.mark.parametrize("name", ["heads.safetensors", "tuned.safetensors"])
def test_a_changed_byte_is_refused(encoder: SharedEncoder, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "names"
    shutil.copytree(SHIPPED_NAMES, folder)
    path = next(folder.glob(f"{name.partition('.')[0]}-*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ArtifactError, match="changed"):
        read_names(folder, encoder=encoder)


def test_another_encoder_is_refused_and_rules_remain(encoder: SharedEncoder) -> None:
    other: Any = SimpleNamespace(fingerprint="0" * 64, name="another", layer_count=7)
    with pytest.raises(ArtifactError, match="train them on this encoder"):
        read_names(SHIPPED_NAMES, encoder=other)
    assert name_finder(other) is None


def test_saved_heads_read_as_before(encoder: SharedEncoder, reader: NameReader, tmp_path: Path) -> None:
    save_names(tmp_path, read_names(SHIPPED_NAMES, encoder=encoder), encoder=encoder)
    again = NameReader.from_pretrained(tmp_path, encoder=encoder)
    text = "Katarzyna and Joshua P. share a tablet."
    assert again(text) == reader(text)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 6_500_000
