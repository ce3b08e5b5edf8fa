from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chatbot import cli, loading
from mtl_core.reading import Analysis

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reading has no judgement: the parts of these plans stand under headings."""
    from mtl_core.segments import segment_document

    class Reader:
        def analyse(self, text: str) -> Analysis:
            nothing: Any = None
            return Analysis(1, "en", True, {}, nothing, tuple(segment_document(text)), nothing, 0)

    monkeypatch.setattr(loading, "load_model", lambda folder: Reader())


def run(*arguments: str | Path) -> Any:
    return RUNNER.invoke(cli.app, ["export-plan", *map(str, arguments)])


def test_all_formats_go_into_a_folder_and_the_plan_stays(tmp_path: Path, plan: str) -> None:
    path = tmp_path / "plan.md"
    path.write_bytes(plan.encode())
    (tmp_path / "out").mkdir()
    result = run(path, "--format", "all", "--output", tmp_path / "out")
    assert result.exit_code == 0
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert [name.removeprefix("water-moves-around-") for name in names] == [
        *("exit-ticket.pdf", "handout.pdf", "organiser.png", "plan.docx", "plan.md", "slides.pptx", "time-line.png")
    ]
    assert (tmp_path / "out" / "water-moves-around-plan.md").read_bytes() == plan.encode() == path.read_bytes()


def test_one_format_goes_into_the_file_named(tmp_path: Path, plan: str) -> None:
    path = tmp_path / "plan.md"
    path.write_bytes(plan.encode())
    result = run(path, "-f", "pptx", "-o", tmp_path / "week 3.pptx", "--title", "Water")
    assert result.exit_code == 0
    assert "saved" in result.stdout
    assert (tmp_path / "week 3.pptx").read_bytes().startswith(b"PK")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-f", "exe"], "exe is no format; give one of docx, md"),
        (["-f", "all", "-o", "one.docx"], "name a folder that exists"),
        (["-f", "md", "-o", "plan.md"], "is the plan itself"),
        (["-f", "png-timeline"], "minutes for fewer than two phases"),
    ],
)
def test_what_cannot_be_written_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.md").write_text("# Rain\n\nPupils draw.", encoding="utf-8")
    result = run("plan.md", *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["plan.md"]
    assert Path("plan.md").read_text(encoding="utf-8") == "# Rain\n\nPupils draw."
