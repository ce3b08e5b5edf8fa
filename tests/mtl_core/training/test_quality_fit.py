"""Training of the whole quality model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError
from mtl_core.heads import Cues
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.branch import BranchOptions
from mtl_core.training.corpus import Corpus, load_corpus
from mtl_core.training.dataset import UNKNOWN, build_dataset
from mtl_core.training.evidence import TrainingOptions
from mtl_core.training.quality_fit import fold_logits, quality_data, train_model

pytestmark = pytest.mark.slow


def small_corpus() -> Corpus:
    """The shortest plans of every group, with every measure present in some, and a few rows a measure."""
    corpus, plans, rows = load_corpus(), [], []
    for group in sorted({plan.group for plan in corpus.plans}):
        mine = sorted((plan for plan in corpus.plans if plan.group == group), key=lambda plan: len(plan.text))
        plans += mine[:1]
    for key in MEASURES:
        for value in (True, False):
            if not any(plan.present[key] is value for plan in plans):
                plans.append(min((p for p in corpus.plans if p.present[key] is value), key=lambda p: len(p.text)))
        for polarity in ("present", "near_miss"):
            rows += [row for row in corpus.segments if (row.measure, row.polarity) == (key, polarity)][:8]
    others = []
    for batch in sorted({other.batch for other in corpus.others}):
        mine = (other for other in corpus.others if other.batch == batch and len(other.text.split()) > 60)
        others += sorted(mine, key=lambda other: len(other.text))[:4]
    return Corpus(tuple(rows), tuple(plans), tuple(others))


@pytest.fixture(scope="module")
def trained(encoder: SharedEncoder) -> tuple[QualityModel, Corpus, list[str]]:
    corpus, told = small_corpus(), []
    model = train_model(encoder, corpus, options=TrainingOptions(folds=3), report=told.append)
    return model, corpus, told


Trained = tuple[QualityModel, Corpus, list[str]]


def test_training_says_what_it_does(trained: Trained) -> None:
    _, corpus, told = trained
    assert len(told) >= 3
    assert f"{len(corpus.plans)} plans" in told[0]


def test_a_trained_model_knows_its_own_segments(trained: Trained, encoder: SharedEncoder) -> None:
    model, corpus, _ = trained
    dataset = build_dataset(encoder, plans=corpus.plans[:6], segments=corpus.segments)
    words = dataset.inputs[:, dataset.features :].tocsr()
    cues = Cues(*(torch.from_numpy(part) for part in (words.indptr, words.indices, words.data.astype(np.float32))))
    features = torch.from_numpy(dataset.inputs[:, : dataset.features].toarray().astype(np.float32))
    with torch.inference_mode():
        scores = model.evidence_head.score(features, cues).numpy()
    for column, key in enumerate(MEASURES):
        known = dataset.labels[:, column] != UNKNOWN
        assert roc_auc_score(dataset.labels[known, column], scores[known, column]) > 0.9, key


def test_a_trained_model_saves_and_loads(trained: Trained, encoder: SharedEncoder, tmp_path: Path) -> None:
    model, corpus, _ = trained
    model.save_pretrained(tmp_path)
    again = QualityModel.from_pretrained(tmp_path, encoder=encoder)
    assert again.config == model.config
    assert again.config.training["plans"] == len(corpus.plans)
    for plan in corpus.plans[:3]:
        before, after = model.analyse(plan.text), again.analyse(plan.text)
        for key in MEASURES:
            assert after.measures[key].probability == pytest.approx(before.measures[key].probability, abs=1e-3)


def test_a_trained_model_knows_its_own_plans(trained: Trained) -> None:
    model, corpus, _ = trained
    accepted = [model.analyse(plan.text).is_lesson_plan for plan in corpus.plans[::4]]
    passed = [model.analyse(other.text).is_lesson_plan for other in corpus.others]
    assert np.mean(accepted) >= 0.8
    assert np.mean(passed) <= 0.2


def test_a_trained_model_is_calibrated_for_every_measure(trained: Trained) -> None:
    calibration = trained[0].config.calibration
    assert list(calibration) == list(MEASURES)
    assert all(entry.slope > 0 and entry.absent_below < entry.present_from for entry in calibration.values())


@pytest.fixture(scope="module")
def branched(encoder: SharedEncoder) -> tuple[QualityModel, Corpus]:
    corpus = small_corpus()
    few = Corpus(corpus.segments[:60], corpus.plans, corpus.others)
    branch = BranchOptions(layers=1, epochs=1, segments=20)
    return train_model(encoder, few, options=TrainingOptions(folds=2), branch=branch), few


def test_a_branch_is_saved_and_loaded_with_the_heads(
    branched: tuple[QualityModel, Corpus], encoder: SharedEncoder, tmp_path: Path
) -> None:
    model, corpus = branched
    model.save_pretrained(tmp_path)
    again = QualityModel.from_pretrained(tmp_path, encoder=encoder)
    assert again.config.branch_layers == 1
    assert again.config.training["branch_epochs"] == 1
    for plan in corpus.plans[:3]:
        before, after = (one.judge_segments(plan.segments).logits for one in (model, again))
        np.testing.assert_allclose(after, before, atol=0.1)


def test_a_branch_changes_the_judgement_and_a_later_reading_is_the_same(
    branched: tuple[QualityModel, Corpus],
) -> None:
    model, corpus = branched
    plan = corpus.plans[0]
    whole = model.analyse(plan.text)
    again = model.analyse(plan.text + "\n\nPupils hand in one sentence.\n", previous=whole)
    fresh = model.analyse(plan.text + "\n\nPupils hand in one sentence.\n")
    assert again.encoded == 1
    for key in MEASURES:
        assert again.measures[key].probability == pytest.approx(fresh.measures[key].probability, abs=1e-3)
    with torch.no_grad():
        model.evidence_head.branch.weight.mul_(2)
        moved = model.judge_segments(plan.segments).logits.numpy()
        model.evidence_head.branch.weight.div_(2)
    assert np.abs(moved - model.judge_segments(plan.segments).logits.numpy()).max() > 1e-3


def test_a_missing_branch_is_named(
    branched: tuple[QualityModel, Corpus], encoder: SharedEncoder, tmp_path: Path
) -> None:
    branched[0].save_pretrained(tmp_path)
    next(tmp_path.glob("branch*")).unlink()
    with pytest.raises(ArtifactError, match="branch"):
        QualityModel.from_pretrained(tmp_path, encoder=encoder)


def test_each_plan_is_judged_by_a_model_that_has_not_seen_its_group(encoder: SharedEncoder) -> None:
    corpus, told = small_corpus(), []
    data = quality_data(encoder, corpus, (), None)
    found = fold_logits(encoder, data, {"all": corpus.plans}, TrainingOptions(), None, folds=2, report=told.append)[
        "all"
    ]
    assert set(found.folds.tolist()) == {0, 1}
    for group in {plan.group for plan in corpus.plans}:
        mine = {int(found.folds[row]) for row, plan in enumerate(corpus.plans) if plan.group == group}
        assert len(mine) == 1
        assert f" {group}" in told[mine.pop()].replace(",", "")
    assert [len(passages) for passages in found.passages] == [len(MEASURES)] * len(corpus.plans)
    whole = found.calibration(corpus.plans)
    part = found.calibration(corpus.plans, without=0)
    assert list(whole) == list(part) == list(MEASURES)
    assert whole != part
