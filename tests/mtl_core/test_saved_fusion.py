"""Fused models as folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from mtl_core.errors import ArtifactError
from mtl_core.fusion import FusedModel
from mtl_core.fusion_choice import FusionCard, TaskFigures
from mtl_core.fusion_layers import FusionSettings
from mtl_core.heads import Decision
from mtl_core.model import MultiTaskModel
from mtl_core.saved_folder import file_sha256
from tests.mtl_core.toy_members import build_member

TEXTS = ["plan the lesson", "sun", "pupils write on glass the wind", "rain"]


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> FusedModel:
    folder = tmp_path_factory.mktemp("members")
    members = [build_member(folder / "a", "bert", seed=1), build_member(folder / "b", "roberta", size=24, seed=2)]
    torch.manual_seed(3)
    model = FusedModel(
        members,
        settings=FusionSettings(size=10, dropout=0.3),
        choice={"spans": 1},
        decisions={"weather": Decision(temperature=1.5, thresholds=(0.4,))},
        card=FusionCard(figures={"spans": TaskFigures(fused=None, members=(0.25, 0.5))}, messages=("It fell back.",)),
    )
    torch.nn.init.normal_(model.fusion("weather").attention.context.weight)
    return model


@pytest.fixture(scope="module")
def saved(fused: FusedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "fusion"
    fused.save_pretrained(folder)
    return folder


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "fusion"))


def test_what_is_read_back_is_what_was_saved(fused: FusedModel, saved: Path) -> None:
    before = torch.get_rng_state()
    read = FusedModel.from_pretrained(saved, precision="float32")
    assert torch.equal(before, torch.get_rng_state())
    assert (read.tasks, read.choice, read.decisions) == (fused.tasks, fused.choice, fused.decisions)
    assert (read.settings, read.card) == (fused.settings, fused.card)
    ours, theirs = fused.state_dict(), read.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name
    for said, again in zip(fused.predict(TEXTS), read.predict(TEXTS), strict=True):
        for name, prediction in said.items():
            assert again[name] == prediction


def test_every_member_is_a_saved_model(saved: Path, fused: FusedModel) -> None:
    assert sorted(path.name for path in saved.iterdir()) == [
        "fusion.json", "fusion.safetensors", "member-0", "member-1"
    ]  # fmt: skip
    for number in range(2):
        member = MultiTaskModel.from_pretrained(saved / f"member-{number}")
        assert isinstance(member, MultiTaskModel)
        assert member.encoder.tokenizer.get_vocab() == fused.member(number).encoder.tokenizer.get_vocab()
    assert json.loads((saved / "fusion.json").read_text())["schema_version"] == 1


def test_a_saved_fusion_is_replaced_whole(fused: FusedModel, copy: Path) -> None:
    (copy / "stale.txt").write_text("old")
    FusedModel([fused.member(1)]).save_pretrained(copy)
    assert len(FusedModel.from_pretrained(copy).members) == 1
    assert sorted(path.name for path in copy.iterdir()) == ["fusion.json", "fusion.safetensors", "member-0"]
    assert [path.name for path in copy.parent.iterdir()] == ["fusion"]


def test_an_interrupted_save_leaves_the_old_fusion(
    fused: FusedModel, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fused.member(1), "save_pretrained", full)
    with pytest.raises(ArtifactError, match=r"cannot be written \(No space left on device\)"):
        fused.save_pretrained(copy)
    assert [path.name for path in copy.parent.iterdir()] == ["fusion"]
    assert FusedModel.from_pretrained(copy).choice == fused.choice


def test_a_folder_of_something_else_is_kept(fused: FusedModel, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ArtifactError, match="not a saved model"):
        fused.save_pretrained(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    "name",
    [
        "fusion.safetensors",
        "member-1/tokenizer.json",
        "member-0/config.json",
        "member-0/multitask.json",
        "member-1/heads.safetensors",
        "member-0/model.safetensors",
    ],
)
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_damage_is_refused(copy: Path, name: str, damage: str) -> None:
    path = copy / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else bytes(content))
    with pytest.raises(ArtifactError, match=f"{path.name} is (missing|truncated|damaged)|{path.name} was changed"):
        FusedModel.from_pretrained(copy)


def test_tokenizers_that_were_exchanged_are_refused(copy: Path) -> None:
    shutil.copy(copy / "member-0" / "tokenizer.json", copy / "member-1" / "tokenizer.json")
    with pytest.raises(ArtifactError, match="was changed"):
        FusedModel.from_pretrained(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "cannot be read by this version"),
        ({"members": 0}, "cannot be read by this version"),
        ({"members": 3}, "member-2/multitask.json is missing"),
        ({"choice": {"spans": 7}}, "do not fit its config"),
        ({"decisions": {"moon": {}}}, "do not fit its config"),
        ({"choice": {"moon": "fused"}}, "do not fit its config"),
        ({"choice": {"spans": "best"}}, "cannot be read by this version"),
        ({"settings": {"size": 11}}, "do not fit its config"),
        ({"surprise": 1}, "cannot be read by this version"),
        ({"sha256": {}}, "fusion.safetensors is truncated or was changed"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(copy: Path, change: dict[str, object], message: str) -> None:
    path = copy / "fusion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ArtifactError, match=message) as refused:
        FusedModel.from_pretrained(copy)
    assert "\n" not in str(refused.value)


def test_values_that_are_not_finite_are_refused(copy: Path) -> None:
    tensors = load_file(copy / "fusion.safetensors")
    tensors["weather.head.linear.bias"][0] = torch.nan
    save_file(tensors, copy / "fusion.safetensors")
    config = json.loads((copy / "fusion.json").read_text())
    config["sha256"]["fusion.safetensors"] = file_sha256(copy / "fusion.safetensors")
    (copy / "fusion.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="not finite"):
        FusedModel.from_pretrained(copy)


@pytest.mark.parametrize("name", ["", "missing", "fusion/member-0"])
def test_a_folder_without_a_fusion_is_refused(copy: Path, name: str) -> None:
    with pytest.raises(ArtifactError, match=r"holds no fusion\.json"):
        FusedModel.from_pretrained(copy.parent / name)
