"""Checkpoint folders: whole, verified, and good enough for Lightning's own callbacks."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.checkpoints import SafeCheckpointIO
from tests.mtl_core.training.toy_training import FixedLoader, MemoryLogger, ToyLoader, ToyModule, trainer_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # Lightning 2.6 with torch 2.13
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelCheckpoint, EarlyStopping]:
    folder = tmp_path_factory.mktemp("trained")
    torch.manual_seed(0)
    own = ModelCheckpoint(
        dirpath=folder / "own",
        filename="{step}",
        monitor="val_loss",
        save_top_k=1,
        save_last=True,
        save_on_train_epoch_end=False,
        every_n_epochs=1,
        train_time_interval=None,
        mode="max",
    )
    linked = ModelCheckpoint(
        dirpath=folder / "linked", filename="{step}", save_top_k=1, save_last="link", save_on_train_epoch_end=False
    )
    trainer = trainer_of(folder, MemoryLogger(), own, linked, patience=2, val_check_interval=2)
    trainer.fit(ToyModule(), ToyLoader(), FixedLoader())
    best = next(cb for cb in trainer.callbacks if isinstance(cb, ModelCheckpoint) and cb.mode == "min" and cb.monitor)
    return folder, best, next(cb for cb in trainer.callbacks if isinstance(cb, EarlyStopping))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "last.ckpt"
    SafeCheckpointIO().save_checkpoint({"state_dict": {"w": torch.ones(3)}, "epoch": 1, "name": "first"}, path)
    return path


def test_a_later_checkpoint_replaces_an_earlier_one_whole(saved: Path) -> None:
    io = SafeCheckpointIO()
    io.save_checkpoint({"state_dict": {"w": torch.zeros(5)}, "epoch": 2}, saved)
    loaded = io.load_checkpoint(saved)
    assert loaded["epoch"] == 2
    assert torch.equal(loaded["state_dict"]["w"], torch.zeros(5))
    assert {path.name.split("-")[0] for path in saved.iterdir()} == {"manifest.json", "checkpoint", "tensors"}
    assert len(list(saved.iterdir())) == 3


def test_an_interrupted_write_leaves_the_earlier_checkpoint(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(ArtifactError, match="No space left"):
            SafeCheckpointIO().save_checkpoint({"epoch": 2}, saved)
    assert SafeCheckpointIO().load_checkpoint(saved)["name"] == "first"


def test_what_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\['hyper_parameters'\]\['model'\]"):
        SafeCheckpointIO().save_checkpoint({"hyper_parameters": {"model": object()}}, tmp_path / "new.ckpt")
    assert not (tmp_path / "new.ckpt").exists()


def _part(folder: Path, name: str) -> Path:
    return next(path for path in folder.iterdir() if path.name.startswith(name))


def _truncate(folder: Path) -> None:
    path = _part(folder, "tensors")
    path.write_bytes(path.read_bytes()[:-1])


def _change(folder: Path) -> None:
    path = _part(folder, "checkpoint")
    path.write_bytes(path.read_bytes().replace(b"first", b"other"))


def _age(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))


def _lose(folder: Path) -> None:
    _part(folder, "tensors").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [(_truncate, "truncated"), (_change, "changed"), (_age, "schema version 99"), (_lose, "is missing")],
)
def test_a_damaged_checkpoint_is_refused(saved: Path, damage: Any, message: str) -> None:
    damage(saved)
    with pytest.raises(ArtifactError, match=message):
        SafeCheckpointIO().load_checkpoint(saved)


def test_a_missing_one_and_a_pickle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="holds no manifest"):
        SafeCheckpointIO().load_checkpoint(tmp_path / "none.ckpt")
    file = tmp_path / "torch.ckpt"
    file.write_bytes(pickle.dumps({"epoch": 1}))
    with pytest.raises(ArtifactError, match="is a file"):
        SafeCheckpointIO().load_checkpoint(file)
    with pytest.raises(ArtifactError, match="cannot be used as a folder"):
        SafeCheckpointIO().save_checkpoint({}, file)


def test_removal_takes_folders_files_and_links_but_no_link_target(saved: Path) -> None:
    io = SafeCheckpointIO()
    link, dangling, file = (saved.parent / name for name in ("link.ckpt", "dangling.ckpt", "file.ckpt"))
    link.symlink_to(saved)
    dangling.symlink_to(saved.parent / "gone.ckpt")
    file.write_text("old")
    for path in (link, dangling, file, saved.parent / "none.ckpt"):
        io.remove_checkpoint(path)
    assert list(saved.parent.iterdir()) == [saved]
    io.remove_checkpoint(saved)
    assert list(saved.parent.iterdir()) == []


def test_lightning_keeps_the_best_ones_and_removes_the_others(
    trained: tuple[Path, ModelCheckpoint, EarlyStopping],
) -> None:
    folder, best, _ = trained
    assert len(best.best_k_models) == 2
    assert {str(path) for path in (folder / "best").iterdir()} == set(best.best_k_models)
    assert len(list((folder / "own").iterdir())) == 2
    steps = {SafeCheckpointIO().load_checkpoint(path)["global_step"] for path in (folder / "own").iterdir()}
    assert len(steps) == 1
    link = folder / "linked" / "last.ckpt"
    assert link.is_symlink()
    newest = SafeCheckpointIO().load_checkpoint(folder / "last.ckpt")["global_step"]
    assert SafeCheckpointIO().load_checkpoint(link)["global_step"] == newest


def test_best_score_and_patience_are_in_the_checkpoint(trained: tuple[Path, ModelCheckpoint, EarlyStopping]) -> None:
    folder, best, stopping = trained
    states = SafeCheckpointIO().load_checkpoint(folder / "last.ckpt")["callbacks"]
    assert stopping.wait_count == 2
    again = EarlyStopping("val_loss", patience=7)
    again.load_state_dict(states[again.state_key])
    assert (again.wait_count, again.patience) == (2, 2)
    assert torch.equal(again.best_score, stopping.best_score)
    score = states[best.state_key]["best_model_score"]
    assert torch.equal(score, best.best_model_score)
    assert states[best.state_key]["best_model_path"] == best.best_model_path
