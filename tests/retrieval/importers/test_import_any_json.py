"""Any JSON is read as documents or refused with a sentence that names the place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.documents import Document
from retrieval.importers import DocumentMapping, read_documents
from retrieval.stores.base import checked_ids, encoded_payload

NAMES = st.sampled_from(
    [
        *("_id", "id", "slug", "title", "text", "metadata", "keywords", "year", "x.y", ""),
        *("lessonSlug", "lessonTitle", "pupilLessonOutcome", "keyLearningPoints", "keyLearningPoint", "keyword"),
        *("lessonKeywords", "misconceptionsAndCommonMistakes", "lessons", "sequence", "unitSlug"),
    ]
)
WORDS = st.text(max_size=8) | st.sampled_from(["NULL", "a b."])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
ROWS = st.dictionaries(NAMES, VALUES, max_size=6)


def check(path: Path, **options: object) -> None:
    told: list[str] = []
    try:
        documents = list(read_documents(path, **options))
    except InputError as error:
        documents = []
        told.append(str(error))
    assert all(text.startswith(str(path)) and text.endswith((".", "?", "…}")) for text in told)
    assert told or documents
    checked_ids([document.id for document in documents])
    for document in documents:
        assert any(document.fields.values())
        assert Document.from_payload(document.id, json.loads(encoded_payload(document.payload(), "x"))) == document


@settings(deadline=None)
@given(rows=st.lists(ROWS, max_size=3), oak=st.booleans())
def test_json_lines(rows: list[dict[str, object]], oak: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
        check(path, kind="oak" if oak else "jsonl")
        if not oak:
            check(path, kind="jsonl", mapping=DocumentMapping(id="x.y", fields={"title": "metadata.title"}))


@settings(deadline=None)
@given(value=VALUES | ROWS | st.lists(ROWS, max_size=3) | ROWS.map(lambda row: {"lessons": [row], "sequence": [row]}))
def test_json_files_of_lessons(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        check(path)
