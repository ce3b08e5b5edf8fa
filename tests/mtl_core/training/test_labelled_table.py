"""Tables of labelled texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtl_core.errors import InputError
from mtl_core.training.labelled_table import read_labelled_table

KEYS = ("oracy", "outdoors")


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text.encode())
    return path


def test_a_row_becomes_a_text_with_the_labels_that_were_given(tmp_path: Path) -> None:
    table = (
        "text,oracy,outdoors,oracy_quote,group\n"
        '"Starter: read.\nDebate in role for five minutes.",1,,Debate in role,hill\n'
        "We go out to the field.,no,YES,,\n"
    )
    first, second = read_labelled_table(written(tmp_path, table), KEYS)
    assert first.present == {"oracy": True}
    assert first.quotes["oracy"] == ("Debate in role",)
    assert (first.group, second.group) == ("hill", "row-00000004")
    assert second.present == {"oracy": False, "outdoors": True}
    assert [segment.text for segment in second.segments] == ["We go out to the field."]


def test_a_mark_of_byte_order_and_a_long_cell_are_read(tmp_path: Path) -> None:
    long = "We read aloud. " * 12_000
    table = f"\ufefftext,oracy,outdoors\n{long},1,0\n"
    (plan,) = read_labelled_table(written(tmp_path, table), KEYS)
    assert plan.present == {"oracy": True, "outdoors": False}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("", "no column 'text'"),
        ("text,oracy\nA talk.,1\n", "no column 'outdoors'"),
        ("text,oracy,outdoors\n", "no row"),
        ("text,oracy,outdoors,mood\nA talk.,1,0,x\n", "'mood'"),
        ("text,oracy,outdoors,oracy\nA talk.,1,0,1\n", "two columns"),
        ("text,oracy,outdoors\nA talk.,maybe,0\n", "line 2: 'maybe' is no label"),
        ("text,oracy,outdoors\nA talk.,1\n", "line 2: the row has not as many cells"),
        ("text,oracy,outdoors\nA talk.,1,0,0\n", "line 2: the row has not as many cells"),
        ("text,oracy,outdoors\n,1,0\n", "line 2: The text is empty"),
        ("text,oracy,outdoors\n***,1,0\n", "line 2: The text holds no word"),
        ("text,oracy,outdoors,oracy_quote\nA talk.,0,0,A talk\n", "has a quote and is not present"),
        ("text,oracy,outdoors,oracy_quote\nA talk.,1,0,A walk\n", "not in the text"),
        ('text,oracy,outdoors\n"A talk.,1,0\n', "no valid CSV"),
    ],
)
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, table: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_labelled_table(written(tmp_path, table), KEYS)


def test_a_missing_file_and_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_labelled_table(tmp_path / "none.csv", KEYS)
    (tmp_path / "latin.csv").write_bytes("text,oracy,outdoors\nCafé talk,1,0\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        read_labelled_table(tmp_path / "latin.csv", KEYS)
