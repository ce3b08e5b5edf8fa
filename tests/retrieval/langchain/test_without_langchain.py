"""Search needs sentence-transformers alone: every part of it works where LangChain cannot be imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

NO_LANGCHAIN = """
import sys

class Refuser:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"langchain", "langchain_core", "langchain_text_splitters", "langgraph", "langsmith"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuser())
"""
SEARCH = """
from mtl_core.encoder import SharedEncoder
from retrieval import TemplateIndex, TemplateLibrary
from retrieval.documents import Document
from retrieval.importers import import_documents
from retrieval.search import LessonSearch
from retrieval.stores.urls import open_store

encoder = SharedEncoder.load(precision="float32")
lessons = [
    Document(id="magnets", fields={"title": "Magnets", "text": "Pupils sort materials that a magnet attracts."}),
    Document(id="rivers", fields={"title": "Rivers", "text": "Pupils model erosion with sand."}),
]
with open_store("memory:", dimension=encoder.dimension, fingerprint=encoder.fingerprint) as store:
    assert import_documents(lessons, store, encoder).encoded == 2
    found = LessonSearch(store, encoder).search("how water wears away the land", k=1)
    assert [result.document.id for result in found.results] == ["rivers"]
library = TemplateLibrary(list(TemplateLibrary.shipped().values())[:5])
assert len(TemplateIndex.build(library, encoder=encoder).search("quiz", k=2)) == 2
assert not [name for name in sys.modules if name.startswith("lang") and name != "langid"]
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NO_LANGCHAIN + code], capture_output=True, text=True, timeout=240, check=False
    )


def test_import_and_search_without_langchain() -> None:
    done = run(SEARCH)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["retrieval.langchain", "retrieval.langchain.vectorstore"])
def test_the_package_says_what_to_install(name: str) -> None:
    done = run(f"import {name}")
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install 'lesson-nudge[langchain]'")
