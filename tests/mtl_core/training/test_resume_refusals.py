"""What cannot be resumed exactly is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as pl
import pytest
from lightning.pytorch.callbacks import ModelCheckpoint

from mtl_core.errors import ArtifactError, InputError
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.resume import ExactResume, ResumableLoader
from tests.mtl_core.training.toy_training import (
    FixedLoader,
    InterruptAt,
    MemoryLogger,
    ToyLoader,
    ToyModule,
    interrupted,
    train,
    trainer_of,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`:UserWarning"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),  # Lightning 2.6 with torch 2.13
    pytest.mark.filterwarnings("ignore:.*does not have many workers:UserWarning"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty:UserWarning"),
    pytest.mark.filterwarnings("ignore:Your `IterableDataset` has `__len__` defined:UserWarning"),
]


def test_a_checkpoint_from_another_moment_is_refused_for_training_only(tmp_path: Path) -> None:
    epoch_end = ModelCheckpoint(dirpath=tmp_path / "ends", filename="{epoch}", save_on_train_epoch_end=True)
    train(tmp_path, epoch_end, max_epochs=1, patience=99)
    path = Path(epoch_end.best_model_path)
    logger = MemoryLogger()
    trainer = trainer_of(tmp_path / "other", logger, ModelCheckpoint(dirpath=tmp_path / "ends"))
    with pytest.raises(ArtifactError, match="cannot go on exactly"):
        trainer.fit(ToyModule(), ToyLoader(), FixedLoader(), ckpt_path=path)
    trainer = pl.Trainer(logger=logger, plugins=[SafeCheckpointIO()], enable_progress_bar=False, accelerator="cpu")
    trainer.validate(ToyModule(), FixedLoader(), ckpt_path=path, verbose=False)
    assert ("val_loss", 0) in logger.values


def test_other_data_is_refused(tmp_path: Path) -> None:
    interrupted(tmp_path, InterruptAt("on_train_batch_start", 9, RuntimeError), patience=99)
    with pytest.raises(ArtifactError, match="7 batches now and had 6"):
        train(tmp_path, resume=True, patience=99, batches=7)


def test_a_loader_without_a_place_and_a_wrong_order_are_refused(tmp_path: Path) -> None:
    assert isinstance(ToyLoader(), ResumableLoader)
    with pytest.raises(InputError, match="state_dict"):
        trainer_of(tmp_path, MemoryLogger()).fit(ToyModule(), FixedLoader(), FixedLoader())
    trainer = trainer_of(tmp_path, MemoryLogger())
    trainer.callbacks.append(ModelCheckpoint(dirpath=tmp_path / "after"))
    with pytest.raises(InputError, match="must be the last"):
        trainer.fit(ToyModule(), ToyLoader(), FixedLoader())
    with pytest.raises(InputError, match="every 0 steps"):
        ExactResume(tmp_path, every_n_steps=0)
