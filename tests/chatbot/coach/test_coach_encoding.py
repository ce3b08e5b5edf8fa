"""The coach sends a segment through the encoder once, and after a change only what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatbot.coach import LessonCoach
from mtl_core.encoder import EncodedTexts, SharedEncoder
from mtl_core.features import encoder_text
from mtl_core.segments import segment_document

if TYPE_CHECKING:
    import pytest


class Spy:
    """Notes what goes through the encoder."""

    def __init__(self, encoder: SharedEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        encode = encoder.encode

        def noted(texts: Sequence[str], **options: Any) -> EncodedTexts:
            self.texts += texts
            return encode(texts, **options)

        monkeypatch.setattr(encoder, "encode", noted)


def texts_of(text: str) -> set[str]:
    return {encoder_text(segment.text) for segment in segment_document(text)}


def test_only_what_changed_is_encoded(
    coach: LessonCoach, encoder: SharedEncoder, plan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy = Spy(encoder, monkeypatch)
    nudge = coach.open(plan).nudge
    assert nudge is not None
    assert sorted(spy.texts) == sorted(texts_of(plan)), "each segment once, and nothing else"
    spy.texts.clear()
    turn = coach.decide(nudge.id, "use")
    assert sorted(spy.texts) == sorted(texts_of(turn.text) - texts_of(plan))
    assert spy.texts
    spy.texts.clear()
    revised = turn.text.replace("blue pencils", "red pencils")
    coach.revise(revised)
    assert sorted(spy.texts) == sorted(texts_of(revised) - texts_of(turn.text))
    assert len(spy.texts) == 1
    spy.texts.clear()
    coach.undo()
    coach.undo()
    coach.idea()
    coach.why()
    assert spy.texts == []
