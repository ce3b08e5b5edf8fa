"""CSV, TSV and JSON lines as documents; every wrong row is named by its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mtl_core.errors import InputError
from retrieval.importers import DocumentMapping, read_documents


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_with_known_names_needs_no_mapping(tmp_path: Path) -> None:
    source = written(
        tmp_path / "lessons.csv",
        'id,title,text,subject,minutes\nm1,Magnets,"Poles, and what they do",science,40\nm2,Friction,Ramps,,\n',
    )
    first, second = read_documents(source)
    assert first.id == "m1"
    assert first.fields == {"title": "Magnets", "text": "Poles, and what they do"}
    assert first.metadata == {"subject": "science", "minutes": "40"}
    assert second.metadata == {}


def test_a_mapping_names_columns_numbers_and_lists(tmp_path: Path) -> None:
    source = written(tmp_path / "a.tsv", "code\tname\taim\ttags\tlong\n7\tMagnets\tPoles\ta; b;\t4.5\n")
    mapping = DocumentMapping(
        id="code",
        fields={"title": "name", "outcome": "aim"},
        metadata={"tags": "tags", "minutes": "long"},
        lists={"tags": ";"},
        numbers=("minutes",),
    )
    (document,) = read_documents(source, mapping=mapping)
    assert document.id == "7"
    assert document.fields == {"title": "Magnets", "outcome": "Poles"}
    assert document.metadata == {"tags": ["a", "b"], "minutes": 4.5}


def test_a_table_parted_by_semicolons(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "id;title;text\na;Magnets;Poles, and what they do\n")
    (document,) = read_documents(source)
    assert document.fields == {"title": "Magnets", "text": "Poles, and what they do"}
    with gzip.open(tmp_path / "b.csv.gz", "wt", encoding="utf-8") as stream:
        stream.write("id;text\na;Poles, fields\n")
    (packed,) = read_documents(tmp_path / "b.csv.gz")
    assert packed.fields == {"text": "Poles, fields"}
    (tmp_path / "c.csv.gz").write_bytes((tmp_path / "b.csv.gz").read_bytes()[:20])
    with pytest.raises(InputError, match="damaged gzip"):
        list(read_documents(tmp_path / "c.csv.gz"))


def test_rows_in_beir_form_and_their_folder(tmp_path: Path) -> None:
    row = {"_id": "a", "title": "Magnets", "text": "Poles.", "metadata": {"subjects": ["science"], "year": 4}}
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n\n")
    for source in (tmp_path, tmp_path / "corpus.jsonl.gz"):
        (document,) = read_documents(source)
        assert document.payload() == {"fields": {"title": "Magnets", "text": "Poles."}, "metadata": row["metadata"]}


def test_a_json_column_may_be_a_path(tmp_path: Path) -> None:
    row = {"key": "a", "lesson": {"name": "Magnets", "points": ["Poles.", " ", "Fields."]}, "level": {"year": 4}}
    source = written(tmp_path / "a.jsonl", json.dumps(row))
    mapping = DocumentMapping(
        id="key", fields={"title": "lesson.name", "key_points": "lesson.points"}, metadata={"year": "level.year"}
    )
    (document,) = read_documents(source, mapping=mapping)
    assert document.fields == {"title": "Magnets", "key_points": "Poles.\nFields."}
    assert document.metadata == {"year": 4}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "id,text\na,Poles\nb\n", r"a\.csv:3 has 1 cells"),
        ("a.csv", "id,text\na,\n", r"a\.csv:2: there is no text in text; fill one of them\."),
        ("a.csv", "name,text\na,Poles\n", r"a\.csv:2: there is no id in a column _id or id or slug"),
        ("a.csv", "id,words\na,Poles\n", r"a\.csv:2: there is no text in a column title"),
        ("a.csv", "id,text\n ,Poles\n", r"a\.csv:2: the id in 'id' is ' '"),
        ("a.csv", "id,text\n", r"a\.csv holds no documents"),
        ("a.csv", "", r"a\.csv holds no documents"),
        ("a.csv", "id,text\na,Poles\na,Fields\n", r"a\.csv has the id 'a' twice"),
        ("a.jsonl", '{"id": "a", "text": "Poles"}\n{"id": \n', r"a\.jsonl:2 is not valid JSON"),
        ("a.jsonl", '{"id": "a", "text": {"b": 1}}\n', r"a\.jsonl:1: 'text' holds dict, not text"),
        ("a.jsonl", '{"id": true, "text": "Poles"}\n', r"a\.jsonl:1: the id in 'id' is True"),
        ("a.jsonl", '{"id": "a", "text": "Poles", "metadata": 3}\n', r"a\.jsonl:1: 'metadata' is no JSON object"),
        ("a.jsonl", '{"id": "a", "text": "Poles", "n": NaN}\n', r"a\.jsonl:1: The payload of 'a' holds nan"),
        ("a.jsonl", '{"id": "a", "text": "half \\ud83d"}\n', r"a\.jsonl:1: .*half a character"),
        ("a.jsonl", json.dumps({"id": "a" * 600, "text": "Poles"}), r"a\.jsonl:1: The id 'aaa.*longer than 512 bytes"),
        ("a.xlsx", "id", r"The kind of .*a\.xlsx is not known"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    source = written(tmp_path / name, text)
    with pytest.raises(InputError, match=message):
        list(read_documents(source))


def test_a_column_that_the_mapping_names_must_be_there(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "id,titel\na,Magnets\n")
    with pytest.raises(InputError, match=r"a\.csv:2: there is no column 'title'.*Did you mean 'titel'\?$"):
        list(read_documents(source, mapping=DocumentMapping(fields={"title": "title"})))


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "id,text,minutes\na,Poles,40\nb,Fields,forty\n")
    with pytest.raises(InputError, match=r"a\.csv:3: 'minutes' is 'forty', which is no number"):
        list(read_documents(source, mapping=DocumentMapping(numbers=("minutes",))))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_must_be_finite(tmp_path: Path, value: str) -> None:
    source = written(tmp_path / "a.csv", f"id,text,minutes\na,Poles,{value}\n")
    with pytest.raises(InputError, match="no finite number"):
        list(read_documents(source, mapping=DocumentMapping(numbers=("minutes",))))


def test_wrong_encoding_binary_and_missing_files(tmp_path: Path) -> None:
    latin = written(tmp_path / "latin.csv", "id,text\na,Poles\nb,café\n", encoding="latin-1")
    with pytest.raises(InputError, match=r"latin\.csv:3 is not UTF-8"):
        list(read_documents(latin))
    wide = written(tmp_path / "wide.csv", "id,text\na,Poles\n", encoding="utf-16")
    with pytest.raises(InputError, match="UTF-16"):
        list(read_documents(wide))
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"id,text\na,\0\1\2\n")
    with pytest.raises(InputError, match=r"b\.csv:2 holds binary data"):
        list(read_documents(binary))
    with pytest.raises(InputError, match="does not exist"):
        read_documents(tmp_path / "none.csv")


def test_bad_rows_can_be_told_and_left_out(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "id,text\na,Poles\n,Fields\nb,\na,Again\nc,Charge\n")
    told: list[str] = []
    kept = list(read_documents(source, on_bad=lambda error: told.append(str(error))))
    assert [document.id for document in kept] == ["a", "c"]
    assert [text.partition(": ")[0].rpartition("/")[2] for text in told[:2]] == ["a.csv:3", "a.csv:4"]
    assert "twice" in told[2]


def test_a_source_of_bad_rows_alone_is_empty(tmp_path: Path) -> None:
    source = written(tmp_path / "a.csv", "id,text\na,\n")
    with pytest.raises(InputError, match="holds no documents"):
        list(read_documents(source, on_bad=lambda error: None))


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, but a csv source is one file"):
        list(read_documents(tmp_path, kind="csv"))
    with pytest.raises(InputError, match=r"holds no Markdown \(\.md\) and no JSON files"):
        list(read_documents(tmp_path))
