"""A fused model as a folder: one saved model a member, the fusion layers and the choices beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from mtl_core.encoder import Precision
from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.fusion_choice import Choice, FusionCard
from mtl_core.fusion_layers import FusionSettings
from mtl_core.heads import Decision
from mtl_core.saved import write_atomic
from mtl_core.saved_folder import file_sha256, publish_folder
from mtl_core.saved_model import CONFIG_FILE, load_model, local_folder

if TYPE_CHECKING:
    from mtl_core.fusion import FusedModel

__all__ = ["FUSION_FILE", "SavedFusion", "load_fusion", "save_fusion"]

FUSION_FILE = "fusion.json"
"""Names the choices and decisions, and the hashes of the layers and of the members' own configs, which hold the
hashes of the members' files."""

_LAYERS_FILE = "fusion.safetensors"
_SCHEMA_VERSION: Literal[1] = 1


class SavedFusion(BaseModel):
    """Content of ``fusion.json``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = _SCHEMA_VERSION
    members: int = Field(ge=1)
    settings: FusionSettings
    choice: dict[str, Choice]
    decisions: dict[str, Decision]
    card: FusionCard
    sha256: dict[str, str]


def save_fusion(model: FusedModel, folder: Path) -> None:
    """Save a fused model so that the folder holds the old one or the new one, never a part.

    Args:
        model: The model.
        folder: Where; a fused model or an empty folder there is replaced, anything else is kept.

    Raises:
        ArtifactError: If the folder holds something else, or cannot be written.
    """
    publish_folder(folder, lambda staged: _write_parts(model, staged), marker=FUSION_FILE)


def _write_parts(model: FusedModel, staged: Path) -> None:
    for number in range(len(model.members)):
        model.member(number).save_pretrained(staged / _member_folder(number))
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.fusions.state_dict().items()}
    (staged / _LAYERS_FILE).write_bytes(save_tensors(tensors))
    config = SavedFusion(
        members=len(model.members),
        settings=model.settings,
        choice=model.choice,
        decisions=model.decisions,
        card=model.card,
        sha256={name: file_sha256(staged / name) for name in _hashed_files(len(model.members))},
    )
    write_atomic(staged / FUSION_FILE, (config.model_dump_json(indent=1) + "\n").encode())


def load_fusion(
    source: str | Path,
    *,
    device: str = "cpu",
    precision: Precision = "auto",
    revision: str | None = None,
    token: str | None = None,
) -> FusedModel:
    """Read a saved fused model, every file verified that a prediction depends on.

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
    from mtl_core.fusion import FusedModel  # noqa: PLC0415 - that module needs this one

    folder = local_folder(source, revision=revision, token=token)
    config = _read_config(folder)
    members = [
        load_model(folder / _member_folder(number), device=device, precision=precision)
        for number in range(config.members)
    ]
    try:
        # the drawn layers are replaced at once, so the caller's random numbers must not notice them
        with torch.random.fork_rng(devices=[]):
            model = FusedModel(
                members,
                settings=config.settings,
                choice=config.choice,
                decisions=config.decisions,
                card=config.card,
            )
        tensors = load_tensors((folder / _LAYERS_FILE).read_bytes())
        model.fusions.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, InputError) as error:
        raise ArtifactError(
            f"The fusion layers in {folder} do not fit its config ({one_line(error)}); train the fusion again."
        ) from error
    if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
        raise ArtifactError(f"The fusion layers in {folder} hold values that are not finite; train the fusion again.")
    return model


def _read_config(folder: Path) -> SavedFusion:
    try:
        config = SavedFusion.model_validate_json((folder / FUSION_FILE).read_bytes())
    except OSError as error:
        raise ArtifactError(f"{folder} holds no {FUSION_FILE}; give the folder of a saved fusion.") from error
    except ValidationError as error:
        raise ArtifactError(
            f"{folder / FUSION_FILE} cannot be read by this version ({one_line(error)}); save the fusion again."
        ) from error
    for name in _hashed_files(config.members):
        path = folder / name
        if not path.is_file():
            raise ArtifactError(f"{path} is missing; save the fusion again.")
        if file_sha256(path) != config.sha256.get(name):
            raise ArtifactError(f"{path} is truncated or was changed after it was saved; save the fusion again.")
    return config


def _hashed_files(members: int) -> list[str]:
    return [_LAYERS_FILE, *(f"{_member_folder(number)}/{CONFIG_FILE}" for number in range(members))]


def _member_folder(number: int) -> str:
    return f"member-{number}"
