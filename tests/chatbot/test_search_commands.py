"""Index lessons into a store, search it, and measure a search on a judged collection, by the command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from chatbot import cli, loading
from mtl_core.encoder import SharedEncoder
from retrieval import TemplateLibrary
from retrieval.stores.urls import open_store

Run = Callable[..., Result]

LESSONS = [
    {"id": "river", "title": "Rivers and floods", "text": "Pupils draw the course of a river from source to mouth."},
    {"id": "volcano", "title": "Volcanoes", "text": "Pupils label the parts of a volcano and explain an eruption."},
    {"id": "poem", "title": "Writing a poem", "text": "Pupils write four lines with a metaphor about the sea."},
]


@pytest.fixture
def run(encoder: SharedEncoder, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(loading, "load_encoder", lambda: encoder)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    path = tmp_path / "lessons.jsonl"
    path.write_text("\n".join(map(json.dumps, LESSONS)), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"faiss:{tmp_path / 'store'}"


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def test_indexed_lessons_are_found_with_a_snippet(run: Run, lessons: Path, store: str) -> None:
    first = json.loads(succeeded(run("index", lessons, "--store", store, "--json")))
    assert (first["encoded"], first["held"]) == (3, 3)
    again = json.loads(succeeded(run("index", lessons, "--store", store, "--json")))
    assert (again["encoded"], again["unchanged"], again["held"]) == (0, 3, 3)
    for mode in ("hybrid", "dense", "bm25"):
        found = json.loads(succeeded(run("search", "volcanic erupton", "--store", store, "--json", "--mode", mode)))
        assert (found["mode"], found["results"][0]["id"]) == (mode, "volcano")
    shown = succeeded(run("search", "river", "--store", store, "-k", "1"))
    assert "Rivers and floods" in shown
    assert "Volcanoes" not in shown


def test_templates_in_a_store_keep_to_each_filter(run: Run, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    few = TemplateLibrary(list(TemplateLibrary.shipped().values())[::12])
    monkeypatch.setattr(TemplateLibrary, "shipped", classmethod(lambda _: few))
    succeeded(run("index", "templates", "--store", store, "--json"))
    options = ["--grade", "4", "--subject", "science", "--minutes", "15"]
    found = json.loads(succeeded(run("search", "quiz", "--store", store, "-k", "99", "--json", *options)))["results"]
    expected = {name for name, one in few.items() if 4 in one.grades and one.suits("science") and one.minutes <= 15}
    assert {one["id"] for one in found} == expected
    assert expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", " "], "query is empty"),
        (["search", "x" * 100_000], "characters"),
        (["search", "river", "-k", "0"], "k is 0"),
        (["search", "river", "--mode", "magic"], "no search mode"),
        (["search", "river", "--minutes", "9"], "No item has the field metadata.minutes"),
        (["search", "river", "--index", "folder"], "not both"),
    ],
)
def test_a_search_that_cannot_be_made_is_one_line(
    run: Run, lessons: Path, store: str, arguments: list[str], said: str
) -> None:
    succeeded(run("index", lessons, "--store", store, "--json"))
    assert said in refused(run(*arguments, "--store", store))


def test_a_store_that_is_not_there_or_of_another_encoder(run: Run, tmp_path: Path, store: str) -> None:
    assert "There is no store" in refused(run("search", "river", "--store", store))
    with open_store(store, dimension=3, fingerprint="another") as other:
        other.upsert([], np.zeros((0, 3), np.float32), [])
        other.upsert(["a"], np.eye(3, dtype=np.float32)[:1], [{}])
    assert "another encoder" in refused(run("search", "river", "--store", store))
    assert "not there" in refused(run("index", tmp_path / "nothing.csv", "--store", store))


def test_a_judged_collection_is_measured(run: Run, tmp_path: Path) -> None:
    rows = [{"_id": one["id"], "title": one["title"], "text": one["text"], "metadata": {}} for one in LESSONS]
    (tmp_path / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    queries = [
        {"_id": "q1", "text": "river", "metadata": {"category": "precise"}},
        {"_id": "q2", "text": "volcanoe erupt", "metadata": {"category": "imprecise"}},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    judged = "query-id\tcorpus-id\tscore\nq1\triver\t3\nq2\tvolcano\t2\n"
    (tmp_path / "qrels.tsv").write_text(judged, encoding="utf-8")
    found = json.loads(succeeded(run("evaluate-search", tmp_path, "--json", "--cache", tmp_path / "cache")))
    assert set(found) == {"bm25", "dense", "hybrid"}
    assert found["hybrid"]["overall"] == {"ndcg@10": 1.0, "mrr@10": 1.0, "recall@100": 1.0}
    assert set(found["bm25"]["by_category"]) == {"precise", "imprecise"}
    assert list((tmp_path / "cache").glob("vectors-*.npy"))
    assert "holds no corpus" in refused(run("evaluate-search", tmp_path / "cache"))


def test_columns_of_other_names_are_mapped_and_bad_rows_left_out(run: Run, tmp_path: Path, store: str) -> None:
    table, columns = tmp_path / "plans.csv", tmp_path / "columns.yaml"
    table.write_text("code,name,aim\n7,Magnets,I can sort magnets.\n8,,\n", encoding="utf-8")
    columns.write_text("id: code\nfields: {title: name, outcome: aim}\n", encoding="utf-8")
    assert "plans.csv:3" in refused(run("index", table, "--store", store, "--mapping", columns, "--json"))
    done = run("index", table, "--store", store, "--mapping", columns, "--skip-bad")
    assert "left out 1; the store holds 1" in succeeded(done)
    assert "left out: " in done.stderr
    found = json.loads(succeeded(run("search", "magnets", "--store", store, "--json")))
    assert found["results"][0]["id"] == "7"
    assert "--store" in refused(run("index", tmp_path / "out", "--mapping", columns))
    assert "folder of lessons alone" in refused(run("index", "templates", "--store", store, "--mapping", columns))
