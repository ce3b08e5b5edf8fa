"""The folder of an exported model: ``export.json``, the graph, the tokenizer; verified before it is parsed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtl_core.errors import ArtifactError, one_line
from mtl_core.runtime.decisions import DecisionRule

__all__ = [
    "CONFIG_FILE",
    "GRAPH_FILES",
    "TOKENIZER_FILE",
    "ExportConfig",
    "ExportFormat",
    "Parity",
    "TokenizerSettings",
    "read_export",
]

CONFIG_FILE = "export.json"
"""Describes the export and names the hash of every other file."""

TOKENIZER_FILE = "tokenizer.json"

ExportFormat = Literal["onnx", "openvino"]

GRAPH_FILES: dict[ExportFormat, tuple[str, ...]] = {"onnx": ("model.onnx",), "openvino": ("model.xml", "model.bin")}
"""Files of the graph by format."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TokenizerSettings(_Strict):
    """What the tokenizer's file does not say.

    Args:
        max_tokens: Token budget of a sequence, special tokens included.
        pad_id: Token id of padding.
        unknown_id: Token id of a word that gives no piece.
        truncation_side: Which end of a long text is cut.
    """

    max_tokens: int = Field(gt=0)
    pad_id: int = Field(ge=0)
    unknown_id: int | None
    truncation_side: Literal["left", "right"]


class Parity(_Strict):
    """How near the export is to the torch model in float32, on sample texts.

    Args:
        samples: Number of texts.
        decisions: Number of decisions compared: a label of a text, a tag of a word.
        equal: Share of decisions that are the same.
        difference: Largest absolute difference of a probability.
        cosine: Smallest cosine between the vectors of a text.
    """

    samples: int = Field(gt=0)
    decisions: int = Field(gt=0)
    equal: float = Field(ge=0, le=1)
    difference: float = Field(ge=0)
    cosine: float


class ExportConfig(_Strict):
    """Content of ``export.json``.

    Args:
        schema_version: Of this file.
        format: Which runtime reads the graph.
        quantised: How the weights are quantised, or false.
        encoder: Name of the encoder.
        dimension: Length of a vector.
        tasks: Tasks with their decisions, in the order of the heads.
        inputs: Names of the graph's inputs.
        outputs: Names of the graph's outputs.
        tokenizer: Settings of the tokenizer.
        parity: Measured at export.
        sha256: Of every other file, by name.
    """

    schema_version: Literal[1] = 1
    format: ExportFormat
    quantised: Literal["int8", False]
    encoder: str
    dimension: int = Field(gt=0)
    tasks: tuple[DecisionRule, ...] = Field(min_length=1)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tokenizer: TokenizerSettings
    parity: Parity | None = None
    sha256: dict[str, str]

    @property
    def files(self) -> tuple[str, ...]:
        """Every file beside ``export.json``."""
        return (*GRAPH_FILES[self.format], TOKENIZER_FILE)


def read_export(folder: Path) -> tuple[ExportConfig, dict[str, bytes]]:
    """Read an exported model, every byte verified.

    Args:
        folder: The folder.

    Returns:
        The config, and the other files by name.

    Raises:
        ArtifactError: If a part is missing, damaged, or of another schema.
    """
    path = folder / CONFIG_FILE
    try:
        config = ExportConfig.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ArtifactError(f"{folder} holds no {CONFIG_FILE}; give the folder of an exported model.") from error
    except ValidationError as error:
        raise ArtifactError(
            f"{path} cannot be read by this version ({one_line(error)}); export the model again."
        ) from error
    return config, {name: _verified(folder / name, config.sha256.get(name)) for name in config.files}


def _verified(path: Path, sha256: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path} is missing; export the model again.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ArtifactError(f"{path} is truncated or was changed after the export; export the model again.")
    return content
