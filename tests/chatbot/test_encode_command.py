from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chatbot.search_commands import searching

pytest.importorskip("pyarrow", reason="needs the extra bulk")


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    path = tmp_path / "lessons.csv"
    path.write_text("id,title,text\n1,Rocks,How heat makes rocks\n2,Rivers,How rivers wear away land\n")
    return path


def said(*arguments: object) -> dict[str, object]:
    result = CliRunner().invoke(searching, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.stdout)
    return answer


def test_lessons_are_encoded_once_and_fill_a_store(lessons: Path, tmp_path: Path) -> None:
    folder, store = tmp_path / "encoded", f"faiss:{tmp_path / 'store'}"
    assert said("encode", lessons, "--output", folder) == {"read": 2, "encoded": 2, "kept": 0}
    assert said("encode", lessons, "--output", folder) == {"read": 2, "encoded": 0, "kept": 2}
    assert said("index", folder, "--store", store)["held"] == 2
    results = said("search", "rivers", "--store", store, "-k", 1)["results"]
    assert isinstance(results, list)
    assert [result["id"] for result in results] == ["2"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--workers", "many"], "no workers 'many'"),
        (["--processes", "2"], "beside --workers ray"),
    ],
)
def test_options_that_do_not_fit_are_refused(lessons: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = CliRunner().invoke(searching, ["encode", str(lessons), "--output", str(tmp_path / "out"), *options])
    assert result.exit_code != 0
    assert message in result.output
    assert not (tmp_path / "out").exists()
