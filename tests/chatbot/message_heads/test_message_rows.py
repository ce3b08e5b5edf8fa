"""The written messages: sound as they stand, and each kind of fault is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from chatbot.message_heads.augment import slot_values, swapped, vary
from chatbot.message_heads.check import count_rows, find_problems, frame_key
from chatbot.message_heads.frames import Frame, fill_frame, read_frames, read_values, write_batches
from chatbot.message_heads.listed import LISTED, load_listed
from chatbot.message_heads.rows import (
    DEV,
    FRAMED,
    HELD_OUT,
    MESSAGES,
    TRAINING,
    WRITTEN,
    MessageRow,
    bio_tags,
    load_batch,
    load_batches,
    rows_as_jsonl,
    word_spans,
)
from chatbot.understanding import Intent
from mtl_core.errors import InputError


def row(text: str, intent: str = "search", slots: tuple[tuple[str, int, int], ...] = (), **more: str) -> MessageRow:
    spans = [{"slot": slot, "start": start, "end": end} for slot, start, end in slots]
    labels = {"category": "request", "sentiment": "neutral", "voice": "terse", "batch": "a", "frame": text}
    return MessageRow.model_validate({"text": text, "intent": intent, "slots": spans} | labels | more)


def problems(training: list[MessageRow], held: list[MessageRow]) -> list[str]:
    return [line for line in find_problems(training, [], held) if "fewer than" not in line]


def test_the_shipped_messages_are_sound() -> None:
    assert find_problems(*(load_batches(names) for names in (TRAINING, DEV, HELD_OUT)), listed=load_listed()) == []


def test_there_are_enough_messages_of_every_kind() -> None:
    training, held = count_rows(load_batches(TRAINING)), count_rows(load_batches(HELD_OUT[:2]))
    assert training.rows >= 3_000
    assert training.frames >= 1_200
    assert held.rows >= 500
    assert count_rows(load_batches(("out-of-scope",))).rows >= 150
    assert set(held.intents) == set(Intent)
    assert not set(held.voices) & {"phone", "typos"}


def test_every_batch_is_framed_or_written_and_has_its_own_voices() -> None:
    assert sorted((*FRAMED, *WRITTEN)) == sorted((*TRAINING, *DEV, *HELD_OUT))
    written, dev = count_rows(load_batch("sixth")), count_rows(load_batch("dev-two"))
    assert written.rows >= 1_500
    assert written.intents[Intent.OUT_OF_SCOPE] >= 400
    assert set(written.intents) == set(dev.intents) == set(Intent)
    assert not set(written.voices) & set(dev.voices)


def test_the_batches_are_what_the_frames_give(tmp_path: Path) -> None:
    for name in ("frames", "values"):
        (tmp_path / name).symlink_to(MESSAGES / name)
    write_batches(folder=tmp_path)
    for batch in FRAMED:
        assert (tmp_path / f"{batch}.jsonl").read_bytes() == (MESSAGES / f"{batch}.jsonl").read_bytes()


def test_a_repeat_a_conflict_and_leaks_are_found() -> None:
    first = row("find fractions", slots=(("topic", 5, 14),))
    assert any("2 times" in line for line in problems([first, first], []))
    assert any("idea and search" in line for line in problems([first, row("Find fractions", "idea")], []))
    same = row("Find Fractions!", batch="h")
    assert any("learned from" in line for line in problems([first], [same]))
    other_value = row("find rivers", slots=(("topic", 5, 11),), batch="h")
    assert any("frame" in line for line in problems([first], [other_value]))
    shared = row("any fractions there", slots=(("topic", 4, 13),), batch="h")
    assert problems([first], [shared]) == ["held-out: the topic 'fractions' was learned from"]
    assert problems([first], [row("any fractions there", slots=(("topic", 4, 13),), batch="held-out-three")]) == []
    assert any("fewer than" in line for line in find_problems([first], [], []))


@pytest.mark.parametrize(
    "span", [("topic", 5, 13), ("topic", 6, 14), ("topic", 5, 99), ("topic", 9, 9), ("place", 5, 14)]
)
def test_a_span_that_holds_no_whole_words_is_refused(span: tuple[str, int, int]) -> None:
    with pytest.raises(ValidationError):
        row("find fractions", slots=(span,))


def test_spans_that_overlap_are_refused() -> None:
    with pytest.raises(ValidationError, match="whole words"):
        row("find long division", slots=(("topic", 5, 18), ("topic", 10, 18)))


def test_tags_follow_spans() -> None:
    one = row("find long division, year 4", slots=(("topic", 5, 18), ("grade", 20, 26)))
    assert bio_tags(one) == ["O", "B-topic", "I-topic", "O", "B-grade", "I-grade"]
    assert frame_key(one) == "find slottopic slotgrade"
    assert [one.text[start:end] for start, end in word_spans(one.text)][3] == ","


def test_a_damaged_row_is_named_by_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(rows_as_jsonl([row("find fractions")]) + '{"text": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl, line 2"):
        load_batch("a", folder=tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        load_batch("b", folder=tmp_path)


def test_frames_need_headers_and_known_holes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("find {topic}\n", encoding="utf-8")
    with pytest.raises(InputError, match="header above"):
        read_frames(path)
    path.write_text("@search request\nfind {topic}\n", encoding="utf-8")
    with pytest.raises(InputError, match="a header is"):
        read_frames(path)
    values, fillers = read_values("train")
    with pytest.raises(InputError, match="unknown hole"):
        fill_frame(Frame("find {place}", "search", "request", "neutral", "terse"), values, fillers, seed="a")


def test_variations_keep_labels_and_slots() -> None:
    rows = load_batches(("second",))[::40]
    for one in rows:
        other = vary(one, seed="3")
        assert other == vary(one, seed="3")
        assert (other.intent, other.category, other.sentiment) == (one.intent, one.category, one.sentiment)
        assert [span.slot for span in other.slots] == [span.slot for span in one.slots]
    assert sum(vary(one, seed="3").text != one.text for one in rows) > len(rows) / 2


def test_other_values_keep_the_labels() -> None:
    one = row("find Long Division, year 4", slots=(("topic", 5, 18), ("grade", 20, 26)))
    values = slot_values([row("any rivers?", slots=(("topic", 4, 10),)), row("it's year 9", slots=(("grade", 5, 11),))])
    assert values["topic"] == ["rivers"]
    texts = {swapped(one, values, seed=str(seed)).text for seed in range(20)}
    kept = {f"find {topic}, {grade}" for topic in ("rivers", "Long Division") for grade in ("year 4", "year 9")}
    assert texts == kept
    other = next(two for two in (swapped(one, values, seed=str(seed)) for seed in range(20)) if "rivers" in two.text)
    assert [(span.slot, other.text[span.start : span.end]) for span in other.slots] == [
        ("topic", "rivers"),
        ("grade", other.text[-6:]),
    ]


@pytest.mark.parametrize(
    ("slot", "value", "like", "unlike"),
    [
        ("grade", "year 4", "P6", ("year nine", "Year 9s", "8-year-olds", "adults")),
        ("grade", "third graders", "adults", ("Year 9", "reception")),
        ("minutes", "50-minute", "90-minute", ("50 minutes", "half an hour", "hour-long")),
        ("group_size", "28", "31", ("thirty",)),
    ],
)
def test_values_of_another_form_never_take_the_place(slot: str, value: str, like: str, unlike: tuple[str, ...]) -> None:
    others = [row(text, slots=((slot, 0, len(text)),)) for text in (like, *unlike)]
    one = row(f"we have {value} here", slots=((slot, 8, 8 + len(value)),))
    found = {swapped(one, slot_values(others), seed=str(seed)).text for seed in range(30)}
    assert found == {one.text, f"we have {like} here"}


def test_lists_are_further_values_and_may_not_name_what_is_judged(tmp_path: Path) -> None:
    listed = load_listed()
    assert list(listed) == list(LISTED)
    assert len(listed["topic"]) > 5_000
    assert slot_values([row("any rivers?", slots=(("topic", 4, 10),))], {"topic": ("the moon",)})["topic"] == [
        "rivers",
        "the moon",
    ]
    held = [row("find Lava", slots=(("topic", 5, 9),), batch="held-out")]
    found = find_problems([], [], held, listed={"topic": ["lava"]})
    assert "held-out: the topic 'lava' was learned from" in found
    (tmp_path / "values").mkdir()
    for text in ("", "one\none\n", "one\n\ntwo\n", " one\n"):
        (tmp_path / "values" / "topics.txt").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="write one value a line"):
            load_listed(folder=tmp_path)
    (tmp_path / "values" / "topics.txt").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_listed(folder=tmp_path)
