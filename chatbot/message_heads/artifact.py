"""The saved message heads: their description, and weights in half precision."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save

from chatbot.message_heads.layers import INTENTS, TAGS, HeadSizes, MessageLayers
from mtl_core.errors import ArtifactError
from mtl_core.saved import publish, read_saved

__all__ = ["SHIPPED_HEADS", "HeadsConfig", "read_heads", "save_heads"]

SHIPPED_HEADS = Path(__file__).parents[1] / "artifacts" / "messages"
"""The heads that come with the package."""

_KIND, _VERSION, _WEIGHTS = "message-heads", 1, "heads.safetensors"


class HeadsConfig(BaseModel):
    """What the heads are and how they decide.

    Args:
        encoder: Name of the encoder.
        fingerprint: Its fingerprint; another encoder's states mean something else.
        layers: Layers whose states the heads read.
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
            dense=dimension * len(self.layers),
            hidden=self.hidden,
            tag_hidden=self.tag_hidden,
            message_buckets=self.message_buckets,
            word_buckets=self.word_buckets,
        )


def save_heads(folder: str | Path, layers: MessageLayers, config: HeadsConfig) -> None:
    """Publish heads.

    Args:
        folder: Where.
        layers: The heads.
        config: Their description.

    Raises:
        ArtifactError: If the folder cannot be written.
    """
    weights = {name: tensor.detach().half().contiguous() for name, tensor in layers.state_dict().items()}
    publish(
        folder,
        kind=_KIND,
        schema_version=_VERSION,
        meta=config.model_dump(mode="json"),
        files={_WEIGHTS: save(weights)},
    )


def read_heads(folder: str | Path, *, dimension: int) -> tuple[MessageLayers, HeadsConfig]:
    """Read published heads, every byte verified.

    Args:
        folder: Where.
        dimension: Length of the encoder's states.

    Returns:
        The heads in float32 and evaluation mode, and their description.

    Raises:
        ArtifactError: If something is missing, damaged, of another version, or knows other intents.
    """
    saved = read_saved(folder, kind=_KIND, schema_version=_VERSION)
    try:
        config = HeadsConfig.model_validate(saved.meta)
        layers = MessageLayers(config.sizes(dimension))
        layers.load_state_dict({name: tensor.float() for name, tensor in load(saved.files[_WEIGHTS]).items()})
    except (ValidationError, SafetensorError, RuntimeError, KeyError) as error:
        raise ArtifactError(f"{folder} does not fit these message heads; train them again.") from error
    if config.intents != INTENTS or config.tags != TAGS:
        raise ArtifactError(f"{folder} knows other intents or slots; train the message heads again.")
    return layers.eval(), config
