"""The floors of the house: an import only ever points down, and the pure rules stay pure."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("mtl_core", "retrieval", "chatbot", "demo")
PURE = {"chatbot.events", "chatbot.state", "chatbot.policy"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def modules() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py"))]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    floor = FLOORS.index(path.relative_to(ROOT).parts[0])
    above = {name for name in imported(path) if name.split(".")[0] in FLOORS[floor + 1 :]}
    assert not above


@pytest.mark.parametrize("module", sorted(PURE))
def test_pure_rules_need_only_the_standard_library(module: str) -> None:
    names = imported(ROOT / f"{module.replace('.', '/')}.py")
    foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    assert foreign <= PURE


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_have_one_subject_and_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_nothing_loads_pickles() -> None:
    users = [
        path for path in modules() if {"pickle", "joblib", "dill"} & {name.split(".")[0] for name in imported(path)}
    ]
    assert not users


def test_base_install_needs_no_extra() -> None:
    """A user of retrieval alone installs neither Gradio nor LangChain nor a trainer."""
    extras = {"gradio", "langchain", "langchain_core", "sklearn", "scipy", "lightning"}
    extras |= {"psycopg", "psycopg_pool", "pgvector", "pymilvus", "grpc", "ray"}
    extras |= {"fastapi", "starlette", "uvicorn", "sse_starlette", "prometheus_client", "sqlalchemy"}
    extras |= {"mcp", "mcp_types"}
    extras |= {"docx", "pptx", "pypdf", "reportlab", "bs4", "lxml", "PIL"}
    allowed = ("demo/", "mtl_core/training/", "mtl_core/evaluation/", "chatbot/tools.py")
    allowed += ("retrieval/stores/postgres", "retrieval/stores/milvus", "retrieval/bulk/", "retrieval/langchain/")
    allowed += ("chatbot/api/", "chatbot/store/", "chatbot/mcp_", "chatbot/serve_command.py")
    allowed += ("chatbot/uploads/", "chatbot/artefacts/", "chatbot/phrasing/")
    for path in modules():
        relative = str(path.relative_to(ROOT))
        if not relative.startswith(allowed):
            assert not extras & {name.split(".")[0] for name in imported(path)}, relative
