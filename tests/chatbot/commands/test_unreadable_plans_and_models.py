"""Files that hold no text, and folders that hold no model, end a command in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retrieval import TemplateIndex
from tests.chatbot.commands.command_results import Run, one_error_line

BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b" \r\n\t\n", "empty"),
    "5 MB": (b"Pupils write. " * 375_000, "limit is 2,000,000"),
    "300 kB": (b"Pupils write. " * 22_000, "limit is 200,000"),
    "binary": (bytes(range(256)) * 4, "UTF-8"),
    "control characters": (b"Pupils write.\x01\x02\x03\x04", "binary"),
    "NUL": (b"Pupils write.\0", "binary"),
    "UTF-16 without mark": ("Pupils write.".encode("utf-16-le"), "UTF-8"),
    "half a UTF-16": (b"\xff\xfea", "UTF-16"),
    "latin-1": ("Pupils write é.".encode("latin-1"), "UTF-8"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "a PDF"),
    "Office": (b"PK\x03\x04\x14\x00\x06\x00", "Office"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
    "numbers": (b"12 34 56 !", "no word"),
}


@pytest.mark.parametrize("command", ["assess", "nudge", "chat"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(run: Run, tmp_path: Path, command: str, name: str) -> None:
    content, said = BAD[name]
    path = tmp_path / "plan.txt"
    path.write_bytes(content)
    result = run(command, path, stdin="use it\n")
    assert said in one_error_line(result)
    assert result.stdout == ""
    assert path.read_bytes() == content


@pytest.mark.parametrize("command", ["assess", "nudge", "chat"])
def test_a_missing_file_is_one_line(run: Run, tmp_path: Path, command: str) -> None:
    assert "No such file" in one_error_line(run(command, tmp_path / "missing.md"))


@pytest.mark.parametrize("command", ["assess", "nudge", "chat"])
@pytest.mark.parametrize("kind", ["missing", "empty", "a file", "an index", "damaged", "other meta"])
def test_a_wrong_model_folder_is_one_line(
    *, run: Run, index: TemplateIndex, tmp_path: Path, plan_file: Path, command: str, kind: str
) -> None:
    folder = tmp_path / "model"
    match kind:
        case "empty":
            folder.mkdir()
        case "a file":
            folder.write_text("text")
        case "an index":
            index.save(folder)
        case "damaged":
            folder.mkdir()
            (folder / "manifest.json").write_text("{")
        case "other meta":
            folder.mkdir()
            manifest = {"kind": "multi-task-model", "schema_version": 1, "meta": {"x": 1}, "files": {}}
            (folder / "manifest.json").write_text(json.dumps(manifest))
    assert str(folder) in one_error_line(run(command, plan_file, "--model", folder))
