"""The saved name heads: their description, their weights in half precision, and the tuned layers in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from chatbot.name_heads.layers import NameLayers, NameSizes
from mtl_core.branch import EncoderBranch
from mtl_core.errors import ArtifactError
from mtl_core.saved import publish, read_saved

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["SHIPPED_NAMES", "NamesConfig", "OtherEncoderError", "TrainedNames", "read_names", "save_names"]

SHIPPED_NAMES = Path(__file__).parents[1] / "artifacts" / "names"
"""The heads that come with the package."""

_KIND, _VERSION = "name-heads", 1
_WEIGHTS, _TUNED = "heads.safetensors", "tuned.safetensors"


class OtherEncoderError(ArtifactError):
    """The heads are sound but were trained on another encoder."""


class NamesConfig(BaseModel):
    """What the heads are and how they decide.

    Args:
        encoder: Name of the encoder.
        fingerprint: Its fingerprint; another encoder's states mean something else.
        layer: Layer of the encoder whose states the head reads beside those of the tuned layers.
        tuned: How many of its last layers were copied and tuned.
        hidden: Hidden units of the head.
        buckets: Hash buckets of word features.
        name_from: Probability from which a word belongs to a pupil's name.
        training: Counts and options of the training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    encoder: str
    fingerprint: str
    layer: int = Field(ge=0, le=48)
    tuned: int = Field(ge=1, le=24)
    hidden: int = Field(ge=1, le=4096)
    buckets: int = Field(ge=1, le=1 << 20)
    name_from: float = Field(gt=0, lt=1)
    training: dict[str, int | float | str] = {}

    def sizes(self, dimension: int) -> NameSizes:
        """Sizes of the head on an encoder of that dimension."""
        return NameSizes(dense=2 * dimension, hidden=self.hidden, buckets=self.buckets)


@dataclass(frozen=True, slots=True)
class TrainedNames:
    """The head, the tuned layers below it, and their description."""

    layers: NameLayers
    tuned: TunedLayers
    config: NamesConfig


def save_names(folder: str | Path, heads: TrainedNames, *, encoder: SharedEncoder) -> None:
    """Publish heads.

    Args:
        folder: Where.
        heads: The heads.
        encoder: The encoder that they were trained on.

    Raises:
        ArtifactError: If the folder cannot be written.
    """
    weights = {name: tensor.detach().half().contiguous() for name, tensor in heads.layers.state_dict().items()}
    branch = EncoderBranch(heads.tuned, tap=encoder.layer_count - 1 - heads.config.tuned)
    publish(
        folder,
        kind=_KIND,
        schema_version=_VERSION,
        meta=heads.config.model_dump(mode="json"),
        files={_WEIGHTS: save(weights), _TUNED: save(branch.rounded_tensors())},
    )


def read_names(folder: str | Path, *, encoder: SharedEncoder) -> TrainedNames:
    """Read published heads, every byte verified.

    Args:
        folder: Where.
        encoder: The encoder that they were trained on.

    Returns:
        The heads in float32 and evaluation mode.

    Raises:
        OtherEncoderError: If they belong to another encoder.
        ArtifactError: If something is missing, damaged or of another version.
    """
    saved = read_saved(folder, kind=_KIND, schema_version=_VERSION)
    try:
        config = NamesConfig.model_validate(saved.meta)
        if config.fingerprint != encoder.fingerprint:
            raise OtherEncoderError(
                f"The name heads were trained on {config.encoder!r} and cannot read the states of {encoder.name!r}; "
                "train them on this encoder: python -m chatbot.name_heads.train."
            )
        layers = NameLayers(config.sizes(encoder.dimension))
        layers.load_state_dict({name: tensor.float() for name, tensor in load(saved.files[_WEIGHTS]).items()})
        tuned = EncoderBranch.from_rounded(load(saved.files[_TUNED]), encoder=encoder, count=config.tuned).layers
    except (ValidationError, SafetensorError, RuntimeError, KeyError) as error:
        raise ArtifactError(f"{folder} does not fit these name heads; train them again.") from error
    return TrainedNames(layers.eval(), tuned.eval(), config)
