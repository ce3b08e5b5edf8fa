"""The saved message heads: their description, their weights in half precision, and the tuned layers in 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from chatbot.message_heads.layers import INTENTS, TAGS, HeadSizes, MessageLayers
from mtl_core.branch import EncoderBranch
from mtl_core.errors import ArtifactError
from mtl_core.saved import publish, read_saved

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder
    from mtl_core.tuned_layers import TunedLayers

__all__ = ["SHIPPED_HEADS", "HeadsConfig", "TrainedHeads", "checked_encoder", "read_heads", "rounded", "save_heads"]

SHIPPED_HEADS = Path(__file__).parents[1] / "artifacts" / "messages"
"""The heads that come with the package."""

_KIND, _VERSION = "message-heads", 2
_WEIGHTS, _TUNED = "heads.safetensors", "tuned.safetensors"


class HeadsConfig(BaseModel):
    """What the heads are and how they decide.

    Args:
        encoder: Name of the encoder.
        fingerprint: Its fingerprint; another encoder's states mean something else.
        layers: Layers of the encoder whose states the heads read.
        tuned: How many of its last layers were copied and tuned; the heads read the states of the last copy too.
        hidden: Hidden units of the message heads.
        tag_hidden: Hidden units of the tag head.
        message_buckets: Hash buckets of message features.
        word_buckets: Hash buckets of word features.
        temperature: By which intent logits are divided.
        scope_from: Probability from which a message is out of scope.
        unsure_below: Confidence below which the intent is a guess, as it was chosen on the development rows.
        intents: The intents in the order of the logits.
        tags: The tags in the order of the emissions.
        training: Counts and options of the training.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    encoder: str
    fingerprint: str
    layers: tuple[int, ...] = Field(min_length=1)
    tuned: int = Field(ge=1, le=24)
    hidden: int = Field(ge=1, le=4096)
    tag_hidden: int = Field(ge=1, le=4096)
    message_buckets: int = Field(ge=1, le=1 << 20)
    word_buckets: int = Field(ge=1, le=1 << 20)
    temperature: float = Field(gt=0)
    scope_from: float = Field(ge=0, le=1)
    unsure_below: float = Field(ge=0, le=1)
    intents: tuple[str, ...] = INTENTS
    tags: tuple[str, ...] = TAGS
    training: dict[str, int | float | str] = {}
    precision: Literal["float16"] = "float16"

    def sizes(self, dimension: int) -> HeadSizes:
        """Sizes of the heads on an encoder of that dimension."""
        return HeadSizes(
            dense=dimension * (len(self.layers) + 1),
            hidden=self.hidden,
            tag_hidden=self.tag_hidden,
            message_buckets=self.message_buckets,
            word_buckets=self.word_buckets,
        )


@dataclass(frozen=True, slots=True)
class TrainedHeads:
    """Heads, the tuned layers below them, and their description."""

    layers: MessageLayers
    tuned: TunedLayers
    config: HeadsConfig


def save_heads(folder: str | Path, heads: TrainedHeads, *, encoder: SharedEncoder) -> None:
    """Publish heads.

    Args:
        folder: Where.
        heads: The heads.
        encoder: The encoder that they were trained on.

    Raises:
        ArtifactError: If the folder cannot be written.
    """
    weights = {name: tensor.detach().half().contiguous() for name, tensor in heads.layers.state_dict().items()}
    publish(
        folder,
        kind=_KIND,
        schema_version=_VERSION,
        meta=heads.config.model_dump(mode="json"),
        files={_WEIGHTS: save(weights), _TUNED: save(_branch(heads.tuned, encoder).rounded_tensors())},
    )


def read_heads(folder: str | Path, *, encoder: SharedEncoder) -> TrainedHeads:
    """Read published heads, every byte verified.

    Args:
        folder: Where.
        encoder: The encoder that they were trained on.

    Returns:
        The heads in float32 and evaluation mode.

    Raises:
        ArtifactError: If something is missing, damaged, of another version, knows other intents, or belongs to
            another encoder.
    """
    saved = read_saved(folder, kind=_KIND, schema_version=_VERSION)
    try:
        config = checked_encoder(HeadsConfig.model_validate(saved.meta), encoder)
        layers = MessageLayers(config.sizes(encoder.dimension))
        layers.load_state_dict({name: tensor.float() for name, tensor in load(saved.files[_WEIGHTS]).items()})
        tuned = EncoderBranch.from_rounded(load(saved.files[_TUNED]), encoder=encoder, count=config.tuned).layers
    except (ValidationError, SafetensorError, RuntimeError, KeyError) as error:
        raise ArtifactError(f"{folder} does not fit these message heads; train them again.") from error
    if config.intents != INTENTS or config.tags != TAGS:
        raise ArtifactError(f"{folder} knows other intents or slots; train the message heads again.")
    return TrainedHeads(layers.eval(), tuned.eval(), config)


def checked_encoder(config: HeadsConfig, encoder: SharedEncoder) -> HeadsConfig:
    """The description, once it is known to belong to an encoder.

    Args:
        config: The description.
        encoder: The encoder.

    Returns:
        The description.

    Raises:
        ArtifactError: If the heads were trained on another encoder.
    """
    if config.fingerprint != encoder.fingerprint:
        raise ArtifactError(
            f"The message heads were trained on {config.encoder!r} and cannot read the states of "
            f"{encoder.name!r}; train them on this encoder: lesson-nudge train-messages."
        )
    return config


def rounded(tuned: TunedLayers, *, encoder: SharedEncoder) -> TunedLayers:
    """Layers as they will be after saving and reading, by which thresholds are chosen."""
    count = len(tuned.layers)
    return EncoderBranch.from_rounded(_branch(tuned, encoder).rounded_tensors(), encoder=encoder, count=count).layers


def _branch(tuned: TunedLayers, encoder: SharedEncoder) -> EncoderBranch:
    return EncoderBranch(tuned, tap=encoder.layer_count - 1 - len(tuned.layers))
