"""``lesson-nudge index`` over templates: what it saves can be searched, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatbot import cli
from tests.chatbot.commands.command_results import Run, one_error_line, succeeded


def test_a_saved_index_is_searched_alike_and_a_damaged_one_refused(run: Run, tmp_path: Path) -> None:
    library = tmp_path / "mine.jsonl"
    shipped = Path(cli.__file__).parents[1] / "retrieval" / "library" / "templates-a.jsonl"
    library.write_text("\n".join(shipped.read_text(encoding="utf-8").splitlines()[:4]), encoding="utf-8")
    folder = tmp_path / "index"
    assert succeeded(run("index", folder, "--library", library)) == f"saved 4 templates in {folder}\n"
    found = json.loads(succeeded(run("search", "goal", "--index", folder, "--json")))["results"]
    names = [json.loads(line)["id"] for line in library.read_text(encoding="utf-8").splitlines()]
    assert sorted(row["id"] for row in found) == sorted(names)
    (vectors,) = folder.glob("vectors-*.safetensors")
    vectors.write_bytes(vectors.read_bytes()[:-4])
    assert "truncated or changed" in one_error_line(run("search", "goal", "--index", folder))


def test_index_builds_the_shipped_library(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import retrieval

    few = retrieval.TemplateLibrary(list(retrieval.TemplateLibrary.shipped().values())[:3])
    monkeypatch.setattr(retrieval.TemplateLibrary, "shipped", classmethod(lambda _: few))
    assert "saved 3 templates" in succeeded(run("index", tmp_path / "index"))
    assert (tmp_path / "index" / "manifest.json").is_file()


@pytest.mark.parametrize("content", ["{", '{"id": "x"}', "[]"])
def test_a_library_that_cannot_be_read_is_one_line(run: Run, tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(content, encoding="utf-8")
    assert "mine.jsonl, line 1" in one_error_line(run("index", tmp_path / "index", "--library", path))
    assert not (tmp_path / "index").exists()


def test_an_index_cannot_be_saved_where_a_file_is(run: Run, tmp_path: Path) -> None:
    path, library = tmp_path / "taken", tmp_path / "mine.jsonl"
    path.write_text("mine")
    shipped = Path(cli.__file__).parents[1] / "retrieval" / "library" / "templates-a.jsonl"
    library.write_text(shipped.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    assert "taken" in one_error_line(run("index", path, "--library", library))
    assert path.read_text() == "mine"
