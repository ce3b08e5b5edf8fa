"""Oak-style lessons: bulk files, summaries, simple rows and search corpora give the same fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.errors import InputError
from retrieval.importers import DocumentMapping, read_documents
from retrieval.importers.oak import split_lesson_text

BULK_LESSON = {
    "lessonTitle": "Magnets and poles",
    "lessonSlug": "magnets-and-poles",
    "unitSlug": "forces-year-3",
    "unitTitle": "Forces",
    "subjectSlug": "science",
    "subjectTitle": "Science",
    "keyStageSlug": "ks2",
    "keyStageTitle": "Key Stage 2",
    "lessonKeywords": [
        {"keyword": "pole", "description": "an end of a magnet"},
        {"keyword": "attract", "description": ""},
    ],
    "keyLearningPoints": [{"keyLearningPoint": "Unlike poles attract."}, {"keyLearningPoint": "Like poles repel."}],
    "misconceptionsAndCommonMistakes": [{"misconception": "All metals are magnetic.", "response": "Test copper."}],
    "pupilLessonOutcome": "I can predict whether magnets attract.",
    "teacherTips": [{"teacherTip": "Label the poles."}],
    "contentGuidance": "NULL",
    "supervisionLevel": None,
    "downloadsavailable": True,
    "canonicalUrl": "https://example.org/lessons/magnets-and-poles",
}
FIELDS = {
    "title": "Magnets and poles",
    "outcome": "I can predict whether magnets attract.",
    "key_points": "Unlike poles attract.\nLike poles repel.",
    "keywords": "pole - an end of a magnet\nattract",
    "misconceptions": "All metals are magnetic. Test copper.",
    "teacher_tips": "Label the poles.",
}


def saved(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_bulk_file_takes_the_year_from_its_units(tmp_path: Path) -> None:
    bulk = {
        "sequenceSlug": "s",
        "sequence": [{"unitSlug": "forces-year-3", "year": 3}, {"unitSlug": "x"}],
        "lessons": [BULK_LESSON],
    }
    (document,) = read_documents(saved(tmp_path / "science-primary.json", bulk))
    assert document.id == "magnets-and-poles"
    assert document.fields == FIELDS
    assert document.metadata == {
        "subject": "science",
        "key_stage": "ks2",
        "year": 3,
        "unit": "Forces",
        "url": "https://example.org/lessons/magnets-and-poles",
    }


def test_a_folder_of_summaries_takes_the_id_from_the_address(tmp_path: Path) -> None:
    summary = {name: value for name, value in BULK_LESSON.items() if name != "lessonSlug"}
    saved(tmp_path / "one.json", summary)
    (document,) = read_documents(tmp_path)
    assert document.id == "magnets-and-poles"
    assert document.fields == FIELDS


def test_json_lines_of_lessons_are_known_by_their_names(tmp_path: Path) -> None:
    (document,) = read_documents(saved(tmp_path / "lessons.jsonl", BULK_LESSON))
    assert document.fields == FIELDS


def test_simple_rows(tmp_path: Path) -> None:
    row = {
        "id": "m",
        "title": "Magnets",
        "outcome": "I can sort.",
        "key_learning_points": ["Unlike poles attract."],
        "keywords": ["pole", {"keyword": "field", "definition": "where it acts"}],
        "misconceptions": [{"misconception": "Size is strength.", "description": "Compare two."}],
        "subject": "science",
        "keyStage": "ks2",
        "year": 3,
    }
    (document,) = read_documents(saved(tmp_path / "a.json", [row]))
    assert document.fields["keywords"] == "pole\nfield - where it acts"
    assert document.fields["misconceptions"] == "Size is strength. Compare two."
    assert document.metadata == {"subject": "science", "key_stage": "ks2", "year": 3}


def test_a_search_corpus_is_parted_on_request(tmp_path: Path) -> None:
    row = {
        "_id": "m",
        "title": "Magnets",
        "text": "I can sort magnets. Unlike poles attract. Like poles repel. Keywords: pole - an end; field - a space. "
        "Misconception: All metals are magnetic. Test copper.",
        "metadata": {"subjects": ["science"], "unit": "Forces"},
    }
    source = saved(tmp_path / "corpus.jsonl", row)
    (whole,) = read_documents(source)
    (parted,) = read_documents(source, kind="oak")
    assert whole.fields == {"title": "Magnets", "text": row["text"]}
    assert parted.fields == {
        "title": "Magnets",
        "outcome": "I can sort magnets.",
        "key_points": "Unlike poles attract. Like poles repel.",
        "keywords": "pole - an end; field - a space.",
        "misconceptions": "All metals are magnetic. Test copper.",
    }
    assert whole.metadata == parted.metadata == row["metadata"]


@given(st.lists(st.sampled_from(["a", "b.", "c?", "Keywords:", "Misconception:", "d;", "\n"])).map(" ".join))
def test_parting_loses_no_word(text: str) -> None:
    kept = " ".join(split_lesson_text(text).values()).split()
    assert sorted(word for word in kept if ":" not in word) == sorted(word for word in text.split() if ":" not in word)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"lessons": [BULK_LESSON, 3]}, r"a\.json, lesson 2 is no JSON object"),
        ([{"id": "a", "outcome": "I can."}], r"a\.json, lesson 1 has no lesson title"),
        ([{**BULK_LESSON, "lessonKeywords": 7}], r"a\.json, lesson 1: keywords holds int; give a list"),
        ([{**BULK_LESSON, "lessonKeywords": [{"word": "x"}]}], r"lesson 1: keywords has an item without 'keyword'"),
        ([{"title": "Magnets"}], r"a\.json, lesson 1: the id in 'id' is ''"),
        ([{"id": "a", "title": "b", "text": 3}], r"a\.json, lesson 1: 'text' holds int"),
        ([BULK_LESSON, BULK_LESSON], r"has the id 'magnets-and-poles' twice"),
        ([], r"a\.json holds no documents"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_documents(saved(tmp_path / "a.json", value)))


def test_broken_json_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n{"id": 1,\n}]', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.json:3 is not valid JSON"):
        list(read_documents(path))
    path.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputError, match="is not valid JSON"):
        list(read_documents(path))


def test_oak_lessons_take_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave the mapping out"):
        read_documents(saved(tmp_path / "a.json", BULK_LESSON), mapping=DocumentMapping())
