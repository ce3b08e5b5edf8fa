"""An exported model, used without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl_core.data.examples import Example
from mtl_core.errors import ArtifactError, InputError
from mtl_core.model import MultiTaskModel
from mtl_core.runtime import ExportedModel
from mtl_core.runtime import packages as packages_module
from mtl_core.runtime.export import ExportReport
from tests.mtl_core.runtime.conftest import SENTENCES

EXAMPLES = (
    *SENTENCES,
    Example(text="pupils write sums", labels={}, words=("pupils", "write", "sums")),
    Example(text="pupils " * 40, labels={}, words=("pupils",) * 40),
    Example(text="a b", labels={}, segments=("the lesson plan", "pupils solve " * 30, "a card")),
    Example(text="a", labels={}, segments=("the lesson",)),
)
FORMATS = ["onnx", "openvino"]


@pytest.fixture(scope="module", params=FORMATS)
def loaded(request: pytest.FixtureRequest, exported: dict[str, ExportReport]) -> ExportedModel:
    return ExportedModel.load(exported[request.param].folder, threads=1)


def assert_agree(expected: dict, found: dict, *, atol: float = 1e-5) -> None:
    assert list(found) == list(expected)
    for name, prediction in expected.items():
        assert found[name].label == prediction.label, name
        assert found[name].evidence == prediction.evidence, name
        np.testing.assert_allclose(found[name].probabilities, prediction.probabilities, atol=atol)


def test_predictions_are_those_of_the_model(loaded: ExportedModel, tiny_multitask: MultiTaskModel) -> None:
    found = loaded.predict(EXAMPLES)
    for example, row in zip(EXAMPLES, found, strict=True):
        # one by one: in company with passages the model leaves the words of a text unread
        assert_agree(tiny_multitask.predict([example])[0], row)
    assert {len(row) for row in found} == {4, 5}
    assert set(found[9]["slots"].label[30:]) == {"O"}
    assert found[9]["slots"].probabilities[30:] == (0.0,) * 10


def test_a_text_is_read_the_same_in_any_company(loaded: ExportedModel) -> None:
    together = loaded.predict([*EXAMPLES, *reversed(EXAMPLES)])
    for row, example in enumerate(EXAMPLES):
        alone = loaded.predict([example])[0]
        assert_agree(alone, together[row])
        assert_agree(alone, together[-1 - row])


def test_vectors_are_those_of_the_encoder(loaded: ExportedModel, tiny_multitask: MultiTaskModel) -> None:
    texts = [*SENTENCES, ""]
    vectors = loaded.encode(texts)
    np.testing.assert_allclose(vectors, tiny_multitask.encoder.encode(texts).vectors, atol=1e-5)
    assert vectors.dtype == np.float32
    assert loaded.encode([]).shape == (0, 32)


def test_many_texts_are_read_in_batches(loaded: ExportedModel, tiny_multitask: MultiTaskModel) -> None:
    texts = [" ".join(["plan", "lesson", "sums"] * (1 + number % 7)) + f" {number}" for number in range(400)]
    np.testing.assert_allclose(loaded.encode(texts), tiny_multitask.encoder.encode(texts).vectors, atol=1e-5)
    for expected, found in zip(tiny_multitask.predict(texts), loaded.predict(texts), strict=True):
        assert_agree(expected, found)
    assert loaded.predict([]) == []


def test_tasks_can_be_chosen(loaded: ExportedModel, tiny_multitask: MultiTaskModel) -> None:
    found = loaded.predict(SENTENCES[:2], tasks=["intent", "words"])
    # without a token task a text is not cut into words
    assert_agree(tiny_multitask.predict(SENTENCES[:2], tasks=["intent", "words"])[0], found[0])
    with pytest.raises(InputError, match="no task 'colour'"):
        loaded.predict(["plan"], tasks=["colour"])


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_refused(loaded: ExportedModel, text: str) -> None:
    with pytest.raises(InputError, match="text 2 is empty"):
        loaded.predict(["plan", text])


def test_bfloat16_is_close_in_openvino_and_unknown_to_onnx(exported: dict[str, ExportReport]) -> None:
    exact = ExportedModel.load(exported["openvino"].folder).encode(SENTENCES)
    rounded = ExportedModel.load(exported["openvino"].folder, precision="bfloat16").encode(SENTENCES)
    assert (exact * rounded).sum(1).min() > 0.99
    with pytest.raises(InputError, match="export to openvino"):
        ExportedModel.load(exported["onnx"].folder, precision="bfloat16")


@pytest.mark.parametrize("form", FORMATS)
def test_neither_torch_nor_transformers_is_loaded(exported: dict[str, ExportReport], form: str) -> None:
    program = (
        "import sys\n"
        "from mtl_core.runtime import ExportedModel\n"
        "model = ExportedModel.load(sys.argv[1])\n"
        "assert model.predict(['plan the lesson'])[0]['intent'].label in {'ask', 'tell', 'show'}\n"
        "assert model.encode(['plan']).shape == (1, 32)\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'sklearn', 'pandas', 'datasets', 'lightning'}\n"
        "sys.exit(', '.join(sorted(heavy & sys.modules.keys())) or 0)\n"
    )
    folder = str(exported[form].folder)
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("form", "package"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
def test_a_missing_runtime_is_named(
    exported: dict[str, ExportReport], monkeypatch: pytest.MonkeyPatch, form: str, package: str
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(packages_module, "import_module", missing)
    with pytest.raises(InputError, match=rf"{package} is not installed.*lesson-nudge\[export\]"):
        ExportedModel.load(exported[form].folder)


def test_a_graph_that_the_runtime_cannot_read_is_refused(tmp_path: Path, exported: dict[str, ExportReport]) -> None:
    from mtl_core.runtime.sessions import open_session

    for form in ("onnx", "openvino"):
        with pytest.raises(ArtifactError, match="export the model again"):
            open_session(form, [b"no graph", b""], threads=None, precision="float32")


def test_threads_share_a_model(loaded: ExportedModel) -> None:
    from concurrent.futures import ThreadPoolExecutor

    alone = loaded.encode(SENTENCES)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(loaded.encode, [SENTENCES] * 12):
            np.testing.assert_allclose(vectors, alone, atol=1e-6)


def test_the_model_itself_is_left_alone(tiny_multitask: MultiTaskModel) -> None:
    assert not tiny_multitask.training
    assert all(part.dtype == torch.float32 and part.requires_grad for part in tiny_multitask.parameters())
