"""Rows of every format, and what a file that is none of them is told."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data import read_rows
from mtl_core.errors import InputError

ROWS = [{"text": "Sort the shapes.", "label": "a"}, {"text": "Name two, then draw.", "label": "b"}]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(path: Path | str, **options: Any) -> list[dict[str, Any]]:
    return [row for _, row in read_rows(path, **options)]


def as_csv(rows: list[dict[str, str]], *, delimiter: str = ",") -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_json_lines(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.csv", as_csv(ROWS)),
        ("rows.TSV", as_csv(ROWS, delimiter="\t")),
        ("rows.jsonl", as_json_lines(ROWS)),
        ("marked.csv", "\ufeff" + as_csv(ROWS)),
        ("marked.jsonl", "\ufeff" + as_json_lines(ROWS)),
        ("rows.csv.gz", gzip.compress(as_csv(ROWS).encode())),
        ("rows.jsonl.gz", gzip.compress(as_json_lines(ROWS).encode())),
        ("packed_without_saying.csv", gzip.compress(as_csv(ROWS).encode())),
        ("not_packed.csv.gz", as_csv(ROWS)),
        ("blank_lines.jsonl", "\n" + as_json_lines(ROWS).replace("\n", "\n  \n")),
        ("blank_lines.csv", "\r\n" + as_csv(ROWS).replace("\r\n", "\r\n\r\n")),
        ("no_last_newline.csv", as_csv(ROWS).rstrip()),
    ],
)
def test_text_formats(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert rows_of(written(tmp_path / name, content)) == ROWS


def test_the_row_numbers_of_pandas_are_left_out(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path / "a.csv", ",text\n0,Sort.\n1,Draw.\n")) == [{"text": "Sort."}, {"text": "Draw."}]


def test_a_row_is_named_by_its_first_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'text\n"two\nlines"\n\nlast\n')
    assert list(read_rows(path)) == [(f"{path}:2", {"text": "two\nlines"}), (f"{path}:5", {"text": "last"})]
    path = written(tmp_path / "a.jsonl", '\n{"text": "x"}\n')
    assert list(read_rows(path)) == [(f"{path}:2", {"text": "x"})]


def test_the_format_can_be_given(tmp_path: Path) -> None:
    assert rows_of(written(tmp_path / "rows.txt", as_csv(ROWS)), format="csv") == ROWS


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@settings(max_examples=60)
@given(st.lists(st.fixed_dictionaries({"text": CELLS, "label": CELLS}), min_size=1, max_size=5), st.booleans())
def test_any_text_comes_back(folder: Path, rows: list[dict[str, str]], wide: bool) -> None:
    delimiter, name = ("\t", "rows.tsv") if wide else (",", "rows.csv")
    assert rows_of(written(folder / name, as_csv(rows, delimiter=delimiter))) == rows
    assert rows_of(written(folder / "rows.jsonl", as_json_lines(rows))) == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,label\nx,a\ny\n", r"a\.csv:3 has 1 cells but the header on line 1 has 2"),
        ("a.csv", "text,label\nx,a,b\n", r"a\.csv:2 has 3 cells"),
        ("a.csv", "text,\nx,a\n", r"a\.csv:1 is the header but column 2 has no name"),
        ("a.csv", ",text,\n0,x,a\n", r"a\.csv:1 is the header but column 3 has no name"),
        ("a.csv", "text,text\nx,a\n", r"a\.csv:1 is the header and names 'text' twice"),
        ("a.csv", 'text\n"never\nclosed\n', r"a\.csv:2 cannot be read as a row"),
        ("a.csv", b"text\nok\ncaf\xe9\n", r"a\.csv:3 is not UTF-8 from its byte 4 on"),
        ("a.csv", "text\nx\n".encode("utf-16"), r"a\.csv:1 is UTF-16 or UTF-32"),
        ("a.csv", b"text\nx\0y\n", r"a\.csv:2 holds binary data"),
        ("a.jsonl", b"\x89PNG\r\n\x1a\n\0\0", r"a\.jsonl:3 holds binary data"),
        ("a.csv", "", r"a\.csv holds no rows"),
        ("a.csv", "text,label\n", r"a\.csv holds no rows"),
        ("a.jsonl", "\n \n", r"a\.jsonl holds no rows"),
        ("a.csv.gz", gzip.compress(b""), r"a\.csv\.gz holds no rows"),
        ("a.jsonl", '{"text": "x"}\n{"text": \n', r"a\.jsonl:2 is not valid JSON"),
        ("a.jsonl", "[" * 100_000 + "\n", r"a\.jsonl:1 is not valid JSON"),
        ("a.jsonl", '["x"]\n', r"a\.jsonl:1 holds no JSON object"),
        ("a.jsonl.gz", gzip.compress(as_json_lines(ROWS * 500).encode())[:-20], "damaged gzip"),
        ("a.jsonl.gz", b"\x1f\x8b\x08garbage that is no gzip stream", "damaged gzip"),
        ("a.parquet", "text\nx\n", r"a\.parquet cannot be read as Parquet"),
        ("a.parquet", "", r"a\.parquet cannot be read as Parquet"),
        ("a.xlsx", "x", r"format of .*a\.xlsx is not known"),
        ("README", "x", "format of .*README is not known"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    path = written(tmp_path / name, content)
    with pytest.raises(InputError, match=message) as caught:
        rows_of(path)
    assert "\n" not in str(caught.value)


def test_a_cell_beyond_the_limit_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "text\n" + "x" * (csv.field_size_limit() + 1) + "\n")
    with pytest.raises(InputError, match=r"a\.csv:2 cannot be read as a row .*JSON lines"):
        rows_of(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_rows(tmp_path / "no.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is not a file"):
        read_rows(tmp_path / "folder.csv", format="csv")
    with pytest.raises(InputError, match="has no split or configuration"):
        read_rows(written(tmp_path / "a.csv", "text\nx\n"), split="train")


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"words": ["a", "b"], "label": 1.0}, {"words": ["c"], "label": None}]
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=1)
    assert list(read_rows(path)) == [(f"{path}:1", rows[0]), (f"{path}:2", rows[1])]


def test_a_parquet_file_without_rows_is_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="holds no rows"):
        rows_of(tmp_path / "a.parquet")


@pytest.fixture
def classes() -> datasets.Dataset:
    features = datasets.Features(
        {
            "words": datasets.List(datasets.Value("string")),
            "intent": datasets.ClassLabel(names=["flight", "fare"]),
            "tags": datasets.List(datasets.ClassLabel(names=["O", "B-city"])),
        }
    )
    rows = {"words": [["to", "Rome"], ["how"], ["so"]], "intent": [0, 1, -1], "tags": [[0, 1], [0], None]}
    return datasets.Dataset.from_dict(rows, features=features)


def test_class_numbers_of_a_saved_data_set_become_names(tmp_path: Path, classes: datasets.Dataset) -> None:
    classes.save_to_disk(tmp_path / "saved")
    rows = list(read_rows(tmp_path / "saved"))
    assert rows == [
        (f"{tmp_path / 'saved'}:1", {"words": ["to", "Rome"], "intent": "flight", "tags": ["O", "B-city"]}),
        (f"{tmp_path / 'saved'}:2", {"words": ["how"], "intent": "fare", "tags": ["O"]}),
        (f"{tmp_path / 'saved'}:3", {"words": ["so"], "intent": None, "tags": None}),
    ]


def test_the_split_of_a_saved_data_set_is_named_where_there_are_several(
    tmp_path: Path, classes: datasets.Dataset
) -> None:
    folder = str(tmp_path / "saved")
    datasets.DatasetDict({"train": classes, "validation": classes.select([1])}).save_to_disk(folder)
    assert [where for where, _ in read_rows(folder, split="validation")] == [f"{folder}[validation]:1"]
    with pytest.raises(InputError, match="has the splits train, validation; name one"):
        rows_of(folder)
    with pytest.raises(InputError, match=r"no split 'valdation'; .* Did you mean 'validation'\?"):
        rows_of(folder, split="valdation")


def test_a_split_that_a_saved_data_set_does_not_have(tmp_path: Path, classes: datasets.Dataset) -> None:
    classes.save_to_disk(tmp_path / "saved")
    with pytest.raises(InputError, match="leave the split out"):
        rows_of(tmp_path / "saved", split="test")


def test_a_folder_of_files_is_loaded_like_a_data_set_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "corpus"
    folder.mkdir()
    written(folder / "train.jsonl", as_json_lines(ROWS))
    written(folder / "test.jsonl", as_json_lines(ROWS[:1]))
    assert rows_of(folder, split="train") == ROWS
    assert rows_of(folder, split="test") == ROWS[:1]


def test_a_data_set_that_cannot_be_loaded_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be loaded") as caught:
        rows_of(tmp_path, format="hf")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("library", "source"), [("pyarrow", "a.parquet"), ("datasets", "folder")])
def test_a_library_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, source: str
) -> None:
    written(tmp_path / "a.parquet", b"PAR1")
    (tmp_path / "folder").mkdir()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=f"pip install {library}"):
        rows_of(tmp_path / source)
