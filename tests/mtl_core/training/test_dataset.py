"""Training text as matrices."""

from __future__ import annotations

import numpy as np
import pytest

from mtl_core.cues import BUCKETS, cue_matrix
from mtl_core.encoder import SharedEncoder
from mtl_core.features import encoder_text, feature_dimension
from mtl_core.quality import QualityConfig, QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.segments import segment_document
from mtl_core.training.corpus import LabelledPlan, SegmentRow
from mtl_core.training.dataset import UNKNOWN, EvidenceDataset, build_dataset, vectors_for

COLUMN = {key: column for column, key in enumerate(MEASURES)}


def make_plan(text: str, group: str = "p", **quotes: str) -> LabelledPlan:
    return LabelledPlan(
        id=group,
        group=group,
        text=text,
        segments=tuple(segment_document(text)),
        present={key: key in quotes for key in MEASURES},
        quotes={key: (quotes[key],) if key in quotes else () for key in MEASURES},
    )


def make_row(number: int, batch: str, *measures: str) -> SegmentRow:
    return SegmentRow(
        id=f"s-{number}", measure="vocabulary", polarity="neutral", text=f"pupils solve {number} sums", heading="Main",
        measures=measures, subject="mathematics", phase="primary", style="prose", batch=batch,
    )  # fmt: skip


PLANS = [
    make_plan("# Words\n\nA noun is a naming word.\n\n- exit card\n", "p", vocabulary="A noun is a naming word."),
    make_plan("Pupils write. Pupils share.", "q", exit_assessment="write. Pupils share", vocabulary="Pupils write."),
]
ROWS = [make_row(1, "a", "modelling", "vocabulary"), make_row(2, "b")]


@pytest.fixture(scope="module")
def dataset(tiny: SharedEncoder) -> EvidenceDataset:
    return build_dataset(tiny, plans=PLANS, segments=ROWS)


def test_each_segment_is_a_row(dataset: EvidenceDataset) -> None:
    assert dataset.inputs.shape == (7, feature_dimension(32) + BUCKETS)
    assert dataset.features == feature_dimension(32)
    assert dataset.documents.tolist() == [0, 0, 0, 1, 1, -1, -1]
    assert dataset.groups == ("p", "q")
    assert dataset.row_groups == ("p", "p", "p", "q", "q", "a", "b")


def test_quoted_segments_are_evidence_and_the_others_are_not_known(dataset: EvidenceDataset) -> None:
    labels = dataset.labels
    assert labels.shape == (7, 14)
    assert labels[:, COLUMN["vocabulary"]].tolist() == [UNKNOWN, 1, UNKNOWN, 1, UNKNOWN, 1, 0]
    assert labels[:, COLUMN["exit_assessment"]].tolist() == [0, 0, 0, 1, 1, 0, 0]
    assert labels[:, COLUMN["modelling"]].tolist() == [0, 0, 0, 0, 0, 1, 0]
    known = [COLUMN[key] for key in ("vocabulary", "exit_assessment", "modelling")]
    assert not np.delete(labels, known, axis=1).any()
    assert dataset.plan_labels[:, COLUMN["vocabulary"]].tolist() == [1, 1]
    assert dataset.plan_labels[:, COLUMN["exit_assessment"]].tolist() == [0, 1]
    assert dataset.plan_labels.sum() == 3


def test_columns_are_features_and_then_cues(dataset: EvidenceDataset, tiny: SharedEncoder) -> None:
    segments = [*PLANS[0].segments, *PLANS[1].segments, *(row.segment() for row in ROWS)]
    vectors = vectors_for(tiny, [segment.text for segment in segments])
    dense = dataset.inputs[:, : dataset.features].toarray()
    for row, segment in enumerate(segments):
        np.testing.assert_allclose(dense[row, :32], vectors[encoder_text(segment.text)], atol=1e-5)
    cues, words = cue_matrix(segments), dataset.inputs[:, dataset.features :].toarray()
    for row in range(len(segments)):
        expected = np.zeros(BUCKETS)
        inside = slice(cues.offsets[row], cues.offsets[row + 1])
        np.add.at(expected, cues.buckets[inside], cues.values[inside])
        np.testing.assert_allclose(words[row], expected, atol=1e-6)


def test_the_head_for_plans_sees_each_plan(dataset: EvidenceDataset) -> None:
    assert len(dataset.plan_pieces) == 2
    for pieces in dataset.plan_pieces:
        assert pieces.whole.vectors.shape == (len(pieces.whole.words), 32)
        np.testing.assert_allclose(np.linalg.norm(pieces.whole.vectors, axis=1), 1, atol=1e-5)


def test_each_text_is_encoded_once(tiny: SharedEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    calls, real = [], SharedEncoder.encode
    monkeypatch.setattr(SharedEncoder, "encode", lambda self, texts: calls.append(list(texts)) or real(self, texts))
    vectors = vectors_for(tiny, ["plan", "**plan**", " plan ", "card"])
    assert calls == [["plan", "card"]]
    assert set(vectors) == {"plan", "card"}


@pytest.mark.parametrize(
    "text",
    [
        "Pupils write three sums.",
        "# Objective\n\nPupils write three sums.\n\n## **Main**\n\n- exit card",
        "Objective:\n\nPupils write three sums.",
        "**Starter:**\n\n- exit card",
        "- Materials:\n- card",
        "STARTER –\n\nPupils write three sums.",
    ],
)
def test_reading_sees_exactly_what_training_saw(tiny: SharedEncoder, text: str) -> None:
    plan = make_plan(text)
    trained = build_dataset(tiny, plans=[plan], segments=[]).inputs[:, : feature_dimension(32)].toarray()
    model, seen = QualityModel(tiny, QualityConfig(encoder="tiny", fingerprint=tiny.fingerprint)), []
    model.evidence_head.register_forward_pre_hook(lambda _head, inputs: seen.append(inputs[0]))
    model.analyse(text)
    np.testing.assert_allclose(seen[0].numpy(), trained, atol=1e-5)
