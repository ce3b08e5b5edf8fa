"""Saved models read the same, and folders that do not fit are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from mtl_core.compressed import compressed
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError
from mtl_core.quality import SHIPPED_MODEL, QualityConfig, QualityModel
from mtl_core.reading import Analysis
from mtl_core.saved import publish, read_saved
from tests.mtl_core.quality.readings import PLAN


def test_a_saved_model_reads_the_same(model: QualityModel, reading: Analysis, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path / "new" / "folder")
    again = QualityModel.from_pretrained(tmp_path / "new" / "folder", encoder=model.encoder)
    assert again.config == model.config
    assert not again.training
    assert again.analyse(PLAN).measures == reading.measures
    assert again.analyse(PLAN).is_lesson_plan == reading.is_lesson_plan


def test_a_saved_model_loads_the_encoder_that_it_names(model: QualityModel) -> None:
    assert QualityModel.from_pretrained().encoder.fingerprint == model.encoder.fingerprint


def test_every_head_is_trained_saved_and_moved(model: QualityModel) -> None:
    names = set(dict(model.named_parameters()))
    linear = ("measures.features", "measures.branch", "lesson_plan.vectors", "lesson_plan.pool")
    assert {name for name in names if name.startswith("heads.")} == {
        *(f"heads.{name}.{part}" for name in linear for part in ("weight", "bias")),
        "heads.measures.cues.weight",
        "heads.lesson_plan.words.weight",
    }
    assert len(names) == 10 + 2 * 12
    assert all(bool(parameter.any()) for parameter in model.parameters())


def test_a_model_without_patterns_is_saved_without_them(tiny: SharedEncoder, tmp_path: Path) -> None:
    QualityModel(tiny, QualityConfig(encoder="tiny", fingerprint=tiny.fingerprint)).save_pretrained(tmp_path)
    assert not list(tmp_path.glob("patterns-*"))
    again = QualityModel.from_pretrained(tmp_path, encoder=tiny)
    assert again.patterns is None
    assert again.analyse("Pupils write.").pattern_hits == {}


def test_the_shipped_heads_fit_into_six_megabytes() -> None:
    assert sum(path.stat().st_size for path in SHIPPED_MODEL.iterdir()) < 6_000_000


def test_another_encoder_is_refused(model: QualityModel, tiny: SharedEncoder) -> None:
    with pytest.raises(ArtifactError, match="trained on the encoder"):
        QualityModel.from_pretrained(encoder=tiny)
    with pytest.raises(ArtifactError, match="train the heads again"):
        QualityModel(tiny, model.config)


def test_changed_bytes_are_refused(tmp_path: Path, encoder: SharedEncoder) -> None:
    folder = shutil.copytree(SHIPPED_MODEL, tmp_path / "copy")
    weights = next(folder.glob("heads-*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ArtifactError, match="sha256 differs"):
        QualityModel.from_pretrained(folder, encoder=encoder)


def rename_measure(meta: dict, _files: dict) -> None:
    meta["measures"] = meta["measures"][:-1]


def add_key(meta: dict, _files: dict) -> None:
    meta["colour"] = "blue"


def drop_fingerprint(meta: dict, _files: dict) -> None:
    del meta["fingerprint"]


def no_top(meta: dict, _files: dict) -> None:
    meta["top"] = 0


def bad_threshold(meta: dict, _files: dict) -> None:
    meta["calibration"]["vocabulary"]["present_from"] = 1.5


def other_bytes(_meta: dict, files: dict) -> None:
    files["heads.safetensors"] = b"not tensors"


def other_file(_meta: dict, files: dict) -> None:
    files["weights.bin"] = files.pop("heads.safetensors")


def other_tensors(_meta: dict, files: dict) -> None:
    files["heads.safetensors"] = save_tensors({"measures.features.bias": torch.zeros(14)})


def no_scales(_meta: dict, files: dict) -> None:
    tensors = load_tensors(files["heads.safetensors"])
    del tensors["measures.cues.weight.scales"]
    files["heads.safetensors"] = save_tensors(tensors)


def no_patterns(_meta: dict, files: dict) -> None:
    del files["patterns.json.gz"]


def other_patterns(_meta: dict, files: dict) -> None:
    files["patterns.json.gz"] = compressed(b'{"patterns": 1}')


def plain_patterns(_meta: dict, files: dict) -> None:
    files["patterns.json.gz"] = b'{"patterns": 1}'


@pytest.mark.parametrize(
    "change",
    [
        rename_measure,
        add_key,
        drop_fingerprint,
        no_top,
        bad_threshold,
        other_bytes,
        other_file,
        other_tensors,
        no_scales,
        no_patterns,
        other_patterns,
        plain_patterns,
    ],
)
def test_a_model_that_does_not_fit_is_refused(
    tmp_path: Path, encoder: SharedEncoder, change: Callable[[dict, dict], None]
) -> None:
    saved = read_saved(SHIPPED_MODEL, kind="multi-task-model", schema_version=8)
    meta, files = json.loads(json.dumps(saved.meta)), dict(saved.files)
    change(meta, files)
    publish(tmp_path, kind="multi-task-model", schema_version=8, meta=meta, files=files)
    with pytest.raises(ArtifactError):
        QualityModel.from_pretrained(tmp_path, encoder=encoder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_heads_that_are_not_finite_are_refused(tmp_path: Path, tiny: SharedEncoder, value: float) -> None:
    model = QualityModel(tiny, QualityConfig(encoder="tiny", fingerprint=tiny.fingerprint))
    with torch.no_grad():
        model.evidence_head.features.bias[3] = value
    model.save_pretrained(tmp_path)
    with pytest.raises(ArtifactError, match="not finite"):
        QualityModel.from_pretrained(tmp_path, encoder=tiny)
