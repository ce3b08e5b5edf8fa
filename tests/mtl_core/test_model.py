"""The multi-task model: one pass for all heads, predictions in order, saved and pushed whole."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer

from mtl_core.data.examples import Example
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel, as_example
from mtl_core.quality import QualityModel
from mtl_core.tasks import Task
from tests.mtl_core.small_models import MIXED, TASKS, TEXTS, small_model


@pytest.fixture(scope="module")
def model(tiny: SharedEncoder) -> MultiTaskModel:
    return small_model(tiny)


@pytest.fixture(scope="module")
def saved(model: MultiTaskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.save_pretrained(folder)
    return folder


def test_the_encoder_is_taken_as_it_was_saved(tiny_folder: Path) -> None:
    weights = load_file(tiny_folder / "model.safetensors")
    model = small_model(SharedEncoder.load(tiny_folder, precision="float32"))
    own = model.network.state_dict()
    for name, tensor in weights.items():
        torch.testing.assert_close(own[name], tensor, rtol=0, atol=0)
    inside = {name for name, _ in model.named_parameters()}
    assert {name.split(".")[0] for name in inside} == {"network", "heads"}
    assert {name.split(".")[1] for name in inside if name.startswith("heads")} == {task.name for task in TASKS}


def test_every_task_speaks_of_every_text_in_order(model: MultiTaskModel) -> None:
    said = model.predict(TEXTS)
    assert all(list(one) == [task.name for task in TASKS] for one in said)
    assert [len(one["spans"].label) for one in said] == [len(text.split()) for text in TEXTS]
    assert model.predict([]) == []
    assert [list(one) for one in model.predict(TEXTS[:2], tasks=["topic"])] == [["topic"]] * 2
    assert list(model.predict(TEXTS[:1], tasks=[])[0]) == []


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_company_of_a_text_changes_nothing(model: MultiTaskModel, texts: list[str], source: random.Random) -> None:
    # padding is masked out, and what is read shortest first comes back in the order given
    source.shuffle(texts)
    for text, together in zip(texts, model.predict(texts), strict=True):
        alone = model.predict([text])[0]
        for name, one in alone.items():
            assert together[name].probabilities == pytest.approx(one.probabilities, abs=1e-5)


def test_examples_with_words_passages_or_neither_go_together(model: MultiTaskModel) -> None:
    said = model.predict(MIXED)
    apart = [model.predict([example])[0] for example in MIXED]
    assert [set(one) for one in said] == [set(one) for one in apart]
    assert said[0]["spans"].label == apart[0]["spans"].label
    assert "spans" not in said[1]
    assert len(said[3]["spans"].label) == 4
    assert said[1]["measures"].probabilities == pytest.approx(apart[1]["measures"].probabilities, abs=1e-5)
    assert [len(one["measures"].evidence[0]) for one in said] == [1, 2, 1, 1]


def test_outputs_leave_no_example_and_no_token_task_out(model: MultiTaskModel) -> None:
    batches = list(model.outputs(MIXED))
    assert sorted(row for batch in batches for row in batch.rows) == [0, 1, 2, 3]
    for batch in batches:
        worded = {bool(MIXED[row].words) for row in batch.rows}
        assert len(worded) == 1
        assert ("spans" in batch.logits) == worded.pop()
        assert {len(part) for part in batch.logits.values()} == {len(batch.rows)}


def test_batches_are_bounded_by_their_padded_size(model: MultiTaskModel) -> None:
    long = " ".join(["plan"] * 22)
    batches = list(model.outputs([Example(text=long, labels={}) for _ in range(400)], tasks=()))
    assert len(batches) > 1
    assert all(batch.states.tokens.shape[0] * batch.states.tokens.shape[1] <= 4096 for batch in batches)


@pytest.mark.parametrize("is_training", [True, False])
def test_predicting_leaves_mode_weights_and_gradients_as_they_were(model: MultiTaskModel, is_training: bool) -> None:
    before = copy.deepcopy(model.state_dict())
    model.train(is_training)
    try:
        next(iter(model.outputs(MIXED)))
        torch.zeros(2, requires_grad=True).sum().backward()
        said = model.predict(TEXTS), model.predict(TEXTS)
        assert model.training is is_training
        assert said[0] == said[1]
    finally:
        model.eval()
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)
    assert not torch.is_inference_mode_enabled()
    assert all(parameter.grad is None for parameter in model.parameters())


def test_what_cannot_be_read_is_named(model: MultiTaskModel) -> None:
    with pytest.raises(InputError, match=r"^text 2 is empty; give some text\.$"):
        model.predict(["plan", "  "])
    with pytest.raises(InputError, match=r"^f:4 is empty"):
        model.predict([Example(text="", labels={}, source="f:4")])
    with pytest.raises(InputError, match=r"no task 'weathr'; it has: weather, topic, things, spans, measures\."):
        model.predict(TEXTS, tasks=["weathr"])
    assert as_example("a b", 0, words=True).words == ("a", "b")
    assert as_example("a b", 0, words=False).words == ()


def test_tasks_that_cannot_stand_together_are_refused(tiny: SharedEncoder) -> None:
    one = Task(name="one", kind="binary")
    with pytest.raises(InputError, match="Two tasks are named 'one'"):
        MultiTaskModel(tiny, [one, one])
    with pytest.raises(InputError, match="At least one task"):
        MultiTaskModel(tiny, [])
    with pytest.raises(InputError, match="no kind of task 'other'"):
        MultiTaskModel(tiny, [Task(name="one", kind="other")])
    with pytest.raises(InputError, match=r"decision for 'two', which is not a task"):
        MultiTaskModel(tiny, [one], decisions={"two": Decision()})


def test_a_saved_model_says_the_same(model: MultiTaskModel, saved: Path) -> None:
    again = MultiTaskModel.from_pretrained(saved, precision="float32")
    assert isinstance(again, MultiTaskModel)
    assert (again.tasks, again.decisions, again.settings, again.card) == (
        model.tasks,
        model.decisions,
        model.settings,
        model.card,
    )
    torch.testing.assert_close(again.state_dict(), model.state_dict(), rtol=0, atol=0)
    assert again.predict(TEXTS) == model.predict(TEXTS)
    assert again.encoder.max_tokens == model.encoder.max_tokens


def test_the_folder_opens_as_a_sentence_transformer(model: MultiTaskModel, saved: Path) -> None:
    vectors = torch.from_numpy(SentenceTransformer(str(saved), device="cpu").encode(TEXTS))
    torch.testing.assert_close(vectors, torch.from_numpy(model.encoder.encode(TEXTS).vectors), rtol=1e-4, atol=1e-5)


def test_saving_and_loading_show_nothing(
    model: MultiTaskModel, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model.save_pretrained(tmp_path / "model")
    MultiTaskModel.from_pretrained(tmp_path / "model")
    assert capfd.readouterr() == ("", "")


def test_a_copy_is_a_model_of_its_own(model: MultiTaskModel) -> None:
    twin = copy.deepcopy(model)
    assert twin.encoder.network is twin.network
    with torch.no_grad():
        next(twin.network.parameters()).zero_()
    assert twin.predict(TEXTS[:1]) != model.predict(TEXTS[:1])


def test_quality_heads_are_read_as_such() -> None:
    import mtl_core

    folder = Path(mtl_core.__file__).parent / "artifacts"
    found = MultiTaskModel.from_pretrained(next(path.parent for path in folder.rglob("manifest.json")))
    assert isinstance(found, QualityModel)


@pytest.mark.parametrize("source", ["no/such/folder/at/all", "no-such-folder"])
def test_a_missing_folder_is_said_to_be_missing(source: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"holds no multitask\.json; give the folder of a trained model"):
        MultiTaskModel.from_pretrained(tmp_path / source)


class Hub:
    """Stands in for the hub: keeps what it is given."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def api(self, token: str | None = None) -> Hub:
        self.token = token
        return self

    def create_repo(self, repo_id: str, **settings: Any) -> Any:
        self.settings = settings
        return type("Url", (), {"repo_id": repo_id})

    def upload_folder(self, *, folder_path: Path, **settings: Any) -> str:
        self.pushed = {path.name: path.read_bytes() for path in Path(folder_path).iterdir() if path.is_file()}
        self.upload = settings
        return "https://hub/commit"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", hub.api)
    return hub


def test_the_mixin_pushes_what_is_saved(model: MultiTaskModel, saved: Path, hub: Hub) -> None:
    assert model.push_to_hub("someone/small", private=True, commit_message="first") == "https://hub/commit"
    local = {path.name: path.read_bytes() for path in saved.iterdir() if path.is_file()}
    assert hub.pushed == local
    assert hub.upload["repo_id"] == "someone/small"
    assert hub.upload["commit_message"] == "first"
    assert hub.settings["private"] is True


def test_saving_may_push_as_well(model: MultiTaskModel, tmp_path: Path, hub: Hub) -> None:
    url = model.save_pretrained(tmp_path / "small", push_to_hub=True, repo_id="someone/other", token="secret")
    assert url == "https://hub/commit"
    assert hub.upload["repo_id"] == "someone/other"
    assert hub.token == "secret"
    assert (tmp_path / "small" / "multitask.json").is_file()
    model.save_pretrained(tmp_path / "small", push_to_hub=True)
    assert hub.upload["repo_id"] == "small"
    hub.pushed.clear()
    assert model.save_pretrained(tmp_path / "small") is None
    assert not hub.pushed


def test_a_hub_name_is_fetched_at_its_revision(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def snapshot_download(name: str, **settings: Any) -> str:
        asked.update(settings, name=name)
        return str(saved)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert isinstance(MultiTaskModel.from_pretrained("someone/small", revision="v1", token="secret"), MultiTaskModel)
    assert (asked["name"], asked["revision"], asked["token"]) == ("someone/small", "v1", "secret")


def test_a_hub_name_that_cannot_be_fetched_gives_one_clear_error() -> None:
    with pytest.raises(ArtifactError, match="someone/small is neither a folder nor a model on the hub"):
        MultiTaskModel.from_pretrained("someone/small")


def test_settings_that_are_not_known_are_refused(model: MultiTaskModel, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="strct"):
        MultiTaskModel.from_pretrained(saved, strct=True)
    with pytest.raises(TypeError, match="safe"):
        model.save_pretrained(tmp_path / "model", safe=True)
