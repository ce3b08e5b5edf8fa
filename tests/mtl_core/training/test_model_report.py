from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from mtl_core.evaluation.calibration import calibration_scores
from mtl_core.evaluation.evaluate import evaluate
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from mtl_core.training import model_report
from mtl_core.training.model_report import deltas_to_single, report_on
from tests.mtl_core.training.small_runs import build_encoder, row_of

TASKS = (
    Task(name="wet", kind="binary", labels=("no", "yes")),
    Task(name="where", kind="multiclass", labels=("north", "south")),
    Task(name="tags", kind="token", labels=("O", "B-x", "I-x")),
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SharedEncoder:
    return SharedEncoder.load(build_encoder(tmp_path_factory.mktemp("report")), precision="float32")


@pytest.fixture
def model(encoder: SharedEncoder) -> MultiTaskModel:
    torch.manual_seed(0)
    return MultiTaskModel(encoder, TASKS, decisions={"wet": Decision(temperature=2.0, thresholds=(0.4,))})


def examples(count: int = 12) -> list[Example]:
    source = random.Random(0)
    made = []
    for number in range(count):
        words = tuple(row_of(source)["words"])
        labels: dict[str, str | tuple[str, ...]] = {"wet": "yes" if number % 3 else "no", "tags": ("O",) * len(words)}
        if number % 2:
            labels["where"] = "south" if number % 4 == 1 else "east"
        made.append(Example(text=" ".join(words), words=words, labels=labels, source=f"dev.jsonl:{number + 1}"))
    return made


def test_calibration_is_that_of_the_temperature_the_model_has(model: MultiTaskModel) -> None:
    given = examples()
    found = report_on(model, given, evaluate(model, given), dataset="dev").report
    (batch,) = model.outputs(given)
    logits = batch.logits["wet"].numpy()
    truth = np.array([[given[row].labels["wet"] == "yes"] for row in batch.rows], dtype=np.float32)
    expected = calibration_scores(logits, truth, "multilabel", temperature=2.0)
    assert found.calibration["wet"] == expected
    # "east" is no label of the model, so it has no probability to be calibrated
    assert found.calibration["where"].count == 3
    assert found.calibration["tags"].count == sum(len(example.words) for example in given)
    assert found.thresholds == {"wet": {"yes": 0.4}}
    assert model.decisions["wet"].temperature == 2.0


def test_pictures_and_notes_name_what_was_read(model: MultiTaskModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[str]] = {}

    def keep(_: object, labels: list[str], *, seed: int) -> bytes:
        seen["labels"] = labels
        return b"map"

    monkeypatch.setattr(model_report, "embedding_map", keep)
    given = examples()
    found = report_on(model, given, evaluate(model, given), dataset="dev")
    assert found.pictures["embeddings"] == b"map"
    assert found.pictures["outliers"].startswith(b"\x89PNG")
    assert seen["labels"][:4] == ["none", "wet + south", "wet", "east"]
    assert found.report.notes[0].count("dev.jsonl:") >= 1


def test_vectors_are_those_of_the_examples_in_their_order(model: MultiTaskModel) -> None:
    given = examples()
    vectors, _ = model_report._read(model, given)
    for row in (0, 7):
        (alone,) = model.outputs([given[row]], tasks=())
        np.testing.assert_allclose(vectors[row], alone.states.vectors[0].numpy(), atol=1e-5)


def test_deltas_compare_each_task_on_the_same_examples(model: MultiTaskModel, encoder: SharedEncoder) -> None:
    given = examples()
    single = MultiTaskModel(encoder, TASKS[:1])
    figures = evaluate(model, given)
    f1, accuracy = deltas_to_single(figures, given, {"wet": single})["wet"]
    alone = evaluate(single, given).tasks["wet"]
    assert (f1.metric, f1.single, f1.shared) == ("f1", alone.f1, figures.tasks["wet"].f1)
    assert (accuracy.metric, accuracy.single) == ("accuracy", alone.accuracy)
    assert deltas_to_single(figures, given, {}) == {}


def test_a_single_model_of_another_task_is_refused(model: MultiTaskModel, encoder: SharedEncoder) -> None:
    given = examples()
    single = MultiTaskModel(encoder, TASKS[:1])
    with pytest.raises(InputError, match="given for 'where' has: wet"):
        deltas_to_single(evaluate(model, given), given, {"where": single})
    bare = [Example(text="rain", words=("rain",), labels={"wet": "yes"})]
    with pytest.raises(InputError, match="no label of 'where'"):
        deltas_to_single(evaluate(model, bare), bare, {"where": model})


def test_one_example_is_enough(model: MultiTaskModel, tmp_path: Path) -> None:
    given = examples(1)
    found = report_on(model, given, evaluate(model, given), dataset="dev")
    found.report.write(tmp_path, pictures=found.pictures)
    assert (tmp_path / "embeddings.png").is_file()
