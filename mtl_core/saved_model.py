"""A multi-task model as a folder: a sentence-transformers model at its root, heads and decisions beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from mtl_core.encoder import Precision, SharedEncoder, quiet_progress
from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.heads import Decision, HeadSettings
from mtl_core.saved import write_atomic
from mtl_core.saved_folder import file_sha256, publish_folder
from mtl_core.tasks import Task

if TYPE_CHECKING:
    from mtl_core.model import MultiTaskModel

__all__ = ["CONFIG_FILE", "ModelCard", "SavedConfig", "load_model", "local_folder", "read_config", "save_model"]

CONFIG_FILE = "multitask.json"
"""Names the tasks, their labels and decisions, and the hash of every file that a prediction depends on."""

_HEADS_FILE = "heads.safetensors"
_ENCODER_FILE = "model.safetensors"
_README = "README.md"
_SCHEMA_VERSION: Literal[1] = 1


class ModelCard(BaseModel):
    """What the folder tells of the training.

    Args:
        project: Name of the project.
        encoder: Name of the encoder that the training began with.
        datasets: Column maps by data set, as the training config gave them, so that an evaluation can read
            the same files.
        training: Settings of the training, for the reader.
        figures: Validation figures by task and metric.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str = ""
    encoder: str = ""
    datasets: dict[str, dict[str, Any]] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    figures: dict[str, dict[str, float]] = Field(default_factory=dict)


class SavedConfig(BaseModel):
    """Content of ``multitask.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = _SCHEMA_VERSION
    tasks: tuple[Task, ...]
    settings: HeadSettings
    decisions: dict[str, Decision]
    card: ModelCard
    sha256: dict[str, str]


def save_model(model: MultiTaskModel, folder: Path) -> None:
    """Save a model so that the folder holds the old one or the new one, never a part.

    Args:
        model: The model.
        folder: Where; a saved model or an empty folder there is replaced, anything else is kept.

    Raises:
        ArtifactError: If the folder holds something else, or cannot be written.
    """
    publish_folder(folder, lambda staged: _write_parts(model, staged), marker=CONFIG_FILE)


def _write_parts(model: MultiTaskModel, staged: Path) -> None:
    from mtl_core.model_card import model_card_text  # noqa: PLC0415 - that module needs this one

    with quiet_progress():
        model.encoder.sentence_transformer.save_pretrained(str(staged), create_model_card=False)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.heads.state_dict().items()}
    (staged / _HEADS_FILE).write_bytes(save_tensors(tensors))
    files = sorted(path for path in staged.rglob("*") if path.is_file())
    config = SavedConfig(
        tasks=model.tasks,
        settings=model.settings,
        decisions=model.decisions,
        card=model.card or ModelCard(encoder=model.encoder.name),
        sha256={path.relative_to(staged).as_posix(): file_sha256(path) for path in files},
    )
    (staged / _README).write_text(model_card_text(config), encoding="utf-8")
    write_atomic(staged / CONFIG_FILE, (config.model_dump_json(indent=1) + "\n").encode())


def read_config(folder: Path) -> SavedConfig:
    """Read what a saved model says of itself, every file verified that a prediction depends on.

    Args:
        folder: The folder.

    Returns:
        The config.

    Raises:
        ArtifactError: If a part is missing, damaged, or of another schema.
    """
    try:
        config = SavedConfig.model_validate_json((folder / CONFIG_FILE).read_bytes())
    except OSError as error:
        raise ArtifactError(f"{folder} holds no {CONFIG_FILE}; give the folder of a trained model.") from error
    except ValidationError as error:
        raise ArtifactError(
            f"{folder / CONFIG_FILE} cannot be read by this version ({one_line(error)}); train or save the model again."
        ) from error
    # the weights are checked even where the config, which may have been changed too, does not name them
    for name in sorted({_HEADS_FILE, _ENCODER_FILE, *config.sha256}):
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{path} is missing; save the model again.")
        if file_sha256(path) != config.sha256.get(name):
            raise ArtifactError(f"{path} is truncated or was changed after it was saved; save the model again.")
    return config


def load_model(
    source: str | Path,
    *,
    device: str = "cpu",
    precision: Precision = "auto",
    revision: str | None = None,
    token: str | None = None,
) -> MultiTaskModel:
    """Read a saved model from a folder or from the hub.

    Args:
        source: A folder or a hub name.
        device: A torch device name.
        precision: See ``SharedEncoder``.
        revision: Branch, tag or commit of a hub name.
        token: For a private model on the hub.

    Returns:
        The model.

    Raises:
        ArtifactError: If it is damaged, incomplete, or of another schema.
    """
    from mtl_core.model import MultiTaskModel  # noqa: PLC0415 - that module needs this one

    folder = local_folder(source, revision=revision, token=token)
    config = read_config(folder)
    loaded = SharedEncoder.load(folder, device=device, precision=precision)
    try:
        # the drawn weights are replaced at once, so the caller's random numbers must not notice them
        with torch.random.fork_rng(devices=[]):
            model = MultiTaskModel(
                loaded, config.tasks, settings=config.settings, decisions=config.decisions, card=config.card
            )
        tensors: Mapping[str, torch.Tensor] = load_tensors((folder / _HEADS_FILE).read_bytes())
        model.heads.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, InputError) as error:
        raise ArtifactError(f"The heads in {folder} do not fit its config ({one_line(error)}); train again.") from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ArtifactError(f"The heads in {folder} hold values that are not finite; train them again.")
    return model.to(device)


def local_folder(source: str | Path, *, revision: str | None = None, token: str | None = None) -> Path:
    """The folder of a saved model, fetched where a hub name is given.

    Args:
        source: A folder or a hub name.
        revision: Branch, tag or commit of a hub name.
        token: For a private model on the hub.

    Returns:
        The folder, which may be missing where none is on the disk under that path.

    Raises:
        ArtifactError: If it is a hub name and cannot be fetched.
    """
    folder = Path(source)
    if folder.exists() or isinstance(source, Path) or source.count("/") != 1:
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for hub names
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(source, revision=revision, token=token))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ArtifactError(f"{source} is neither a folder nor a model on the hub ({one_line(error)}).") from error
