"""The folder of an export: compared with its model, published whole, verified when read."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from mtl_core.heads import registry
from mtl_core.model import MultiTaskModel
from mtl_core.runtime import ExportedModel
from mtl_core.runtime import export as export_module
from mtl_core.runtime import packages as packages_module
from mtl_core.runtime.export import ExportReport, ParityLimits, export_model
from mtl_core.runtime.graph import MultiTaskGraph
from mtl_core.runtime.parity import measure_parity, sample_texts
from mtl_core.tasks import Task
from tests.mtl_core.runtime.conftest import SENTENCES, TASKS, tiny_model
from tests.mtl_core.runtime.test_runtime import assert_agree

BuildTiny = Callable[..., Path]


def test_the_report_and_the_folder_say_the_same(exported: dict[str, ExportReport]) -> None:
    for form, report in exported.items():
        described = json.loads((report.folder / "export.json").read_text())
        assert described["parity"] == report.parity.model_dump()
        assert (described["format"], described["quantised"], described["schema_version"]) == (form, False, 1)
        assert set(described["sha256"]) == {path.name for path in report.folder.iterdir()} - {"export.json"}
        assert report.size == sum(path.stat().st_size for path in report.folder.iterdir())
        assert report.parity.equal == 1
        assert report.parity.difference < 1e-5
        assert report.parity.cosine > 0.99999
        assert report.parity.decisions > report.parity.samples > 100


def test_the_graph_has_one_output_a_task_beside_the_vector(exported: dict[str, ExportReport]) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(exported["onnx"].folder / "model.onnx")
    names = [output.name for output in session.get_outputs()]
    assert names == ["vector", *(f"logits.{task.name}" for task in TASKS), "attention.measures"]
    assert [given.name for given in session.get_inputs()] == ["input_ids", "attention_mask", "words", "lengths"]


def test_padding_changes_nothing(exported: dict[str, ExportReport]) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(exported["onnx"].folder / "model.onnx")
    ids = np.array([[2, 5, 6, 7, 3]])
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "words": [[1, 2]], "lengths": [1]}
    padded = {
        "input_ids": np.pad(ids, ((0, 0), (0, 9)), constant_values=9),
        "attention_mask": np.pad(np.ones_like(ids), ((0, 0), (0, 9))),
        "words": [[1, 2, -1, -2]],
        "lengths": [1],
    }
    plain, wide = ([np.asarray(part) for part in session.run(None, _arrays(given))] for given in (feeds, padded))
    for number, (expected, found) in enumerate(zip(plain, wide, strict=True)):
        kept = found[:, :2] if number == 4 else found
        np.testing.assert_allclose(kept, expected, atol=1e-5)


def _arrays(feeds: dict) -> dict:
    return {name: np.asarray(part, np.int64) for name, part in feeds.items()}


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["roberta", "distilbert", "bert"])
def test_other_encoders_agree_in_both_formats(build_tiny: BuildTiny, architecture: str, tmp_path: Path) -> None:
    tasks = TASKS[:3] if architecture == "bert" else TASKS[:4]
    model = tiny_model(build_tiny(tmp_path, architecture), tasks)
    for form in ("onnx", "openvino"):
        report = export_model(model, tmp_path / form, format=form)
        assert report.parity.difference < 1e-5
        found = ExportedModel.load(report.folder).predict(SENTENCES)
        for text, row in zip(SENTENCES, found, strict=True):
            assert_agree(model.predict([text])[0], row)
    loaded = ExportedModel.load(report.folder)
    with pytest.raises(InputError, match="no evidence task"):
        loaded.predict([Example(text="a b", labels={}, segments=("a", "b"))])


@pytest.mark.usefixtures("quick_trace")
def test_a_quantised_export_decides_nearly_the_same(tiny_multitask: MultiTaskModel, tmp_path: Path) -> None:
    report = export_model(tiny_multitask, tmp_path / "small", quantise="int8", limits=ParityLimits(equal=0.8))
    assert report.config.quantised == "int8"
    assert 1e-5 < report.parity.difference < 0.5
    assert report.parity.cosine > 0.9
    found = ExportedModel.load(report.folder).predict(SENTENCES)
    assert [list(row) for row in found] == [[task.name for task in TASKS]] * len(SENTENCES)
    # rounded token by token, so that neither company nor padding counts
    loaded = ExportedModel.load(report.folder)
    for row, text in zip(found, SENTENCES, strict=True):
        for name, prediction in loaded.predict([text])[0].items():
            np.testing.assert_allclose(row[name].probabilities, prediction.probabilities, atol=0.01)


@pytest.mark.usefixtures("quick_trace")
def test_quantisation_rounds_the_encoder_and_leaves_the_heads(
    tiny_multitask: MultiTaskModel, tmp_path: Path, traced: Path
) -> None:
    import onnx

    folder = export_model(
        tiny_multitask, tmp_path / "small", quantise="int8", samples=SENTENCES, limits=ParityLimits(equal=0)
    ).folder
    before, after = onnx.load(traced).graph, onnx.load(folder / "model.onnx").graph
    arrays = {entry.name: onnx.numpy_helper.to_array(entry) for entry in after.initializer}
    rounded = [array for array in arrays.values() if array.dtype == np.int8]
    assert all(np.abs(array.astype(int)).max() == 127 for array in rounded)
    # four products of attention and the wide one of the feed-forward block in each of two layers
    products = [node for node in after.node if node.op_type == "MatMulInteger"]
    assert sorted(arrays[node.input[1]].shape for node in products) == [(32, 32)] * 8 + [(32, 64)] * 2
    assert any(len(array) == tiny_multitask.network.config.vocab_size for array in rounded)
    heads = {entry.name for entry in before.initializer if entry.name.startswith("heads.")}
    assert heads
    assert heads <= arrays.keys()


@pytest.mark.usefixtures("quick_trace")
@pytest.mark.parametrize(("quantise", "limits"), [(False, ParityLimits(difference=0)), ("int8", ParityLimits(equal=1))])
def test_an_export_that_is_too_far_leaves_nothing(
    tiny_multitask: MultiTaskModel, tmp_path: Path, quantise: str, limits: ParityLimits
) -> None:
    with pytest.raises(ArtifactError, match="over the limit|under the limit"):  # noqa: RUF043
        export_model(tiny_multitask, tmp_path / "new", quantise=quantise, limits=limits)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick_trace")
def test_a_failed_export_keeps_the_one_before(
    tiny_multitask: MultiTaskModel, tmp_path: Path, exported: dict[str, ExportReport]
) -> None:
    folder = tmp_path / "export"
    shutil.copytree(exported["onnx"].folder, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ArtifactError):
        export_model(tiny_multitask, folder, format="openvino", limits=ParityLimits(difference=0))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    export_model(tiny_multitask, folder, format="openvino", samples=["plan"])
    assert {path.name for path in folder.iterdir()} == {"export.json", "model.xml", "model.bin", "tokenizer.json"}


def test_a_folder_with_something_else_is_kept(tiny_multitask: MultiTaskModel, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="name an empty or a new folder"):
        export_model(tiny_multitask, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("form", ["onnx", "openvino"])
@pytest.mark.parametrize("damage", ["missing", "cut", "changed"])
def test_a_damaged_file_is_refused(exported: dict[str, ExportReport], tmp_path: Path, form: str, damage: str) -> None:
    source = exported[form].folder
    for name in sorted(path.name for path in source.iterdir()):
        folder = tmp_path / name
        shutil.copytree(source, folder)
        content = (folder / name).read_bytes()
        if damage == "missing":
            (folder / name).unlink()
        else:
            middle = len(content) // 2
            changed = content[:middle] if damage == "cut" else content[:middle] + b"\x00" + content[middle + 1 :]
            assert changed != content
            (folder / name).write_bytes(changed)
        with pytest.raises(ArtifactError, match=r"export the model again|folder of an exported model"):
            ExportedModel.load(folder)


@pytest.mark.parametrize("change", [{"schema_version": 2}, {"tasks": []}, {"format": "tflite"}, {"more": 1}])
def test_another_schema_is_refused(exported: dict[str, ExportReport], tmp_path: Path, change: dict) -> None:
    folder = tmp_path / "export"
    shutil.copytree(exported["onnx"].folder, folder)
    described = json.loads((folder / "export.json").read_text())
    (folder / "export.json").write_text(json.dumps({**described, **change}))
    with pytest.raises(ArtifactError, match="cannot be read by this version"):
        ExportedModel.load(folder)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "tflite"}, "no export format 'tflite'"),
        ({"quantise": "int4"}, "no quantisation 'int4'"),
        ({"format": "openvino", "quantise": "int8"}, "nncf"),
        ({"samples": []}, "no sample text"),
    ],
)
@pytest.mark.usefixtures("quick_trace")
def test_what_cannot_be_exported_is_said(
    tiny_multitask: MultiTaskModel, tmp_path: Path, options: dict, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        export_model(tiny_multitask, tmp_path / "new", **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime", "openvino"])
def test_a_missing_package_is_named(
    tiny_multitask: MultiTaskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    real = packages_module.import_module

    def missing(name: str) -> object:
        if name.partition(".")[0] == package:
            raise ModuleNotFoundError(name=name)
        return real(name)

    monkeypatch.setattr(packages_module, "import_module", missing)
    with pytest.raises(InputError, match=rf"package {package} is not installed.*lesson-nudge\[export\]"):
        export_model(tiny_multitask, tmp_path / "new", format="openvino" if package == "openvino" else "onnx")


def test_a_kind_of_ones_own_is_refused(tiny: SharedEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._HEADS, "rank", registry.head_class("multiclass"))
    model = MultiTaskModel(tiny, [Task(name="order", kind="rank", labels=("a", "b"))])
    with pytest.raises(InputError, match="of the kind 'rank'"):
        export_model(model, tmp_path / "new")


@pytest.mark.usefixtures("quick_trace")
def test_a_model_that_computes_otherwise_is_found_out(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tiny_model(tiny_folder)
    with torch.no_grad():
        other.head("intent").linear.bias[0] += 0.1
    with pytest.raises(ArtifactError, match="over the limit"):
        export_model(other, tmp_path / "new")


@pytest.mark.usefixtures("quick_trace")
def test_training_mode_and_weights_are_left_as_they_were(tiny_folder: Path, tmp_path: Path) -> None:
    model = tiny_model(tiny_folder).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    export_model(model, tmp_path / "new", samples=SENTENCES)
    assert model.training
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_model_in_half_precision_is_refused(tiny_folder: Path, exported: dict[str, ExportReport]) -> None:
    model = tiny_model(tiny_folder)
    model.heads.half()
    with pytest.raises(InputError, match=r"model\.float\(\)"):
        measure_parity(model, ExportedModel.load(exported["onnx"].folder), ["plan"])


def test_the_graph_is_a_copy_without_dropout(tiny_multitask: MultiTaskModel) -> None:
    graph = MultiTaskGraph(tiny_multitask)
    ours = {tensor.data_ptr() for tensor in tiny_multitask.parameters()}
    assert not ours & {tensor.data_ptr() for tensor in graph.parameters()}
    assert not any(module.training for module in graph.modules() if isinstance(module, nn.Dropout))


def test_inputs_that_no_task_reads_are_left_out(tiny: SharedEncoder) -> None:
    plain = MultiTaskGraph(MultiTaskModel(tiny, TASKS[:3]))
    assert plain.inputs == ("input_ids", "attention_mask")
    assert plain.outputs == ("vector", "logits.words", "logits.intent", "logits.topics")


def test_samples_hold_long_and_odd_texts_and_documents(tiny: SharedEncoder, tiny_multitask: MultiTaskModel) -> None:
    texts = sample_texts(MultiTaskModel(tiny, TASKS[:1]))
    assert len(texts) >= 100
    assert max(len(example.text.split()) for example in texts) > 256
    assert not any(example.segments for example in texts)
    assert {len(example.segments) for example in sample_texts(tiny_multitask)} == {0, 1, 2, 3, 4}


def test_the_export_leaves_logging_as_it_was(exported: dict[str, ExportReport]) -> None:
    assert exported
    assert not logging.getLogger().filters
    assert export_module.write_onnx.__name__ == "write_onnx"
