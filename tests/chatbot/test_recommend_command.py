from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from click.testing import Result
from typer.testing import CliRunner

from chatbot import cli, loading
from mtl_core.encoder import SharedEncoder
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from retrieval import LessonTemplate, TemplateIndex, TemplateLibrary
from retrieval.stores import urls
from retrieval.stores.base import Record
from retrieval.template_documents import document_of_template

Run = Callable[..., Result]


@pytest.fixture
def run(encoder: SharedEncoder, model: QualityModel, index: TemplateIndex, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in this process, on the model and index that are loaded already."""
    load_index = loading.load_index
    monkeypatch.setattr(loading, "load_encoder", lambda: encoder)
    monkeypatch.setattr(loading, "load_model", lambda folder: model)
    monkeypatch.setattr(
        loading, "load_index", lambda folder, *, encoder: load_index(folder, encoder=encoder) if folder else index
    )

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, ["recommend", *map(str, arguments)])

    return invoke


@pytest.fixture
def plan_file(tmp_path: Path, plan: str) -> Path:
    path = tmp_path / "plan.md"
    path.write_text(plan, encoding="utf-8")
    return path


def write_history(path: Path, *rows: dict[str, str]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def answered(result: Result) -> dict[str, Any]:
    assert result.exception is None, result.exception
    assert result.exit_code == 0
    (line,) = result.stdout.splitlines()
    row: dict[str, Any] = json.loads(line)
    assert list(row) == ["plan", "template", "gaps", "results"]
    for item in row["results"]:
        assert list(item)[:4] == ["score", "reason", "gaps", "parts"]
        LessonTemplate.model_validate({key: item[key] for key in list(item)[4:]})
        assert item["score"] == pytest.approx(sum(item["parts"].values()), abs=1e-3)
    return row


def refused(result: Result) -> str:
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def test_a_plan_gets_templates_for_its_gaps(run: Run, plan_file: Path, model: QualityModel, plan: str) -> None:
    row = answered(run(plan_file, "--json", "-k", 4))
    absent = {key for key, reading in model.analyse(plan).measures.items() if reading.verdict != "present"}
    assert (row["plan"], row["template"]) == (str(plan_file), None)
    assert set(row["gaps"]) == absent
    assert len(row["results"]) == 4
    assert row["results"][0]["gaps"], "the first repairs no gap"
    for item in row["results"]:
        assert set(item["gaps"]) <= absent & set(item["measures"])
        assert item["grades"]["from"] <= 3 <= item["grades"]["to"], "Year 4 is grade 3"


def test_text_shows_title_id_and_reason(run: Run, plan_file: Path, index: TemplateIndex) -> None:
    row = answered(run(plan_file, "--json", "-k", 2))
    shown = run(plan_file, "-k", 2).stdout
    for item in row["results"]:
        assert item["id"] in shown
        assert " ".join(item["reason"].split()[:3]) in shown


def test_more_like_a_template(run: Run, index: TemplateIndex) -> None:
    seed = index.library.ids[0]
    row = answered(run("--template", seed, "--json"))
    assert (row["plan"], row["template"], row["gaps"]) == (None, seed, {})
    assert len(row["results"]) == 5
    assert seed not in [item["id"] for item in row["results"]]


def test_a_history_closes_what_was_used_and_what_was_not_relevant(run: Run, tmp_path: Path, plan_file: Path) -> None:
    first, second, third = (item["id"] for item in answered(run(plan_file, "--json", "-k", 3))["results"])
    history = write_history(
        tmp_path / "history.jsonl",
        {"template_id": first, "decision": "use"},
        {"template_id": second, "decision": "not_relevant", "measure": "modelling"},
    )
    for source in ([plan_file], ["--template", third], []):
        row = answered(run(*source, "--history", history, "--json", "-k", 8))
        assert not {first, second} & {item["id"] for item in row["results"]}


def test_answers_about_unknown_templates_are_named(run: Run, tmp_path: Path, index: TemplateIndex) -> None:
    rows = [{"template_id": "gone", "decision": "use"}, {"template_id": index.library.ids[0], "decision": "use"}]
    result = run("--history", write_history(tmp_path / "history.jsonl", *rows), "--json")
    answered(result)
    assert result.stderr.startswith("note: the library does not hold gone;")


def test_what_cannot_be_answered_is_one_line(run: Run, tmp_path: Path, plan_file: Path) -> None:
    history = write_history(tmp_path / "history.jsonl", {"template_id": "a", "decision": "love"})
    assert "Give a plan, or --template ID, or --history FILE." in refused(run())
    assert "not both" in refused(run(plan_file, "--template", "a"))
    assert "--index or --store, not both" in refused(run(plan_file, "--index", tmp_path, "--store", "memory:"))
    assert "no template 'nothing'" in refused(run("--template", "nothing"))
    assert "line 1: decision" in refused(run("--history", history))
    assert "cannot be read" in refused(run("--history", tmp_path / "missing.jsonl"))
    assert "cannot be read" in refused(run(tmp_path / "missing.md"))
    assert "k is 0" in refused(run(plan_file, "-k", 0))
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    assert "no decision yet" in refused(run("--history", tmp_path / "empty.jsonl"))
    note = tmp_path / "note.md"
    note.write_text("Querida familia: mañana no hay clase porque es fiesta en toda la ciudad.\n", encoding="utf-8")
    assert "does not read as a lesson plan" in refused(run(note))
    assert "holds no manifest.json" in refused(run(plan_file, "--index", tmp_path))


class FewRecords:
    """A store that can only be read through."""

    def __init__(self, records: list[Record]) -> None:
        self._records = records

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._records = []

    def scan(self) -> Iterator[Record]:
        yield from self._records


def test_templates_of_a_store(run: Run, encoder: SharedEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    few = list(TemplateLibrary.shipped().values())[:4]
    vectors = encoder.encode([template.search_text for template in few]).vectors
    records = [
        Record(template.id, vector, document_of_template(template).payload())
        for template, vector in zip(few, vectors, strict=True)
    ]
    opened: list[tuple[str, dict[str, Any]]] = []

    def open_store(url: str, **options: Any) -> FewRecords:
        opened.append((url, options))
        return FewRecords(records if "full" in url else [])

    monkeypatch.setattr(urls, "open_store", open_store)
    row = answered(run("--template", few[0].id, "--store", "faiss:full", "--json"))
    assert {item["id"] for item in row["results"]} == {template.id for template in few[1:]}
    assert opened == [
        ("faiss:full", {"dimension": encoder.dimension, "fingerprint": encoder.fingerprint, "create": False})
    ]
    assert "holds no template" in refused(run("--template", few[0].id, "--store", "faiss:bare"))


def test_every_gap_has_a_name_that_reads_well() -> None:
    from retrieval.reasons import measure_in_words

    assert measure_in_words("exit_assessment") == "an exit assessment"
    assert measure_in_words("measurable_objective") == "a measurable objective"
    assert measure_in_words("modelling") == "modelling"
    assert all(measure_in_words(key) == measure_in_words(key).lower() for key in MEASURES)
