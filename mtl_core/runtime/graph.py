"""One traced graph of encoder, pooling and heads, written as ONNX."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import nn

from mtl_core.encoder import masked_mean
from mtl_core.heads import EncoderStates, EvidenceTaskHead, TokenHead
from mtl_core.runtime.packages import require
from mtl_core.runtime.runtime import attention_name, logits_name

if TYPE_CHECKING:
    from mtl_core.heads import TaskHead
    from mtl_core.model import MultiTaskModel

__all__ = ["OPSET", "MultiTaskGraph", "write_onnx"]

OPSET = 20
"""Operators of ONNX 1.15, which ONNX Runtime reads since 1.17 and OpenVINO since 2024."""


class _DocumentStates(EncoderStates):
    """States whose ``pooled`` are whole examples already, so that no length is looked at while tracing."""

    @property
    def vectors(self) -> torch.Tensor:
        """``[examples, dimension]``."""
        return self.pooled


class MultiTaskGraph(nn.Module):
    """What a multi-task model computes from padded word pieces, as one function of tensors.

    The heads of token and evidence tasks loop over lengths, which a trace would freeze; they are computed here by
    gathers and masks instead. The export compares every figure with the heads themselves.

    Args:
        model: The model; its parts are copied, in float32 and in evaluation mode on the CPU.
    """

    def __init__(self, model: MultiTaskModel) -> None:
        super().__init__()
        self.network = copy.deepcopy(model.network).cpu().float().eval()
        self.heads = copy.deepcopy(model.heads).cpu().float().eval()
        kinds = {task.kind for task in model.tasks}
        self.inputs = (
            "input_ids",
            "attention_mask",
            *(("words",) if "token" in kinds else ()),
            *(("lengths",) if "evidence" in kinds else ()),
        )
        self.outputs = (
            "vector",
            *map(logits_name, self.heads),
            *(attention_name(task.name) for task in model.tasks if task.kind == "evidence"),
        )

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        words: torch.Tensor | None = None,
        lengths: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, ...]:
        """All outputs.

        Args:
            input_ids: ``[sequences, tokens]``.
            attention_mask: ``[sequences, tokens]``.
            words: ``[sequences, words]`` place of each word's first piece; token tasks alone.
            lengths: ``[examples]`` number of sequences of each; evidence tasks alone.

        Returns:
            Unit vectors ``[examples, dimension]``, the logits of each task in their order, and for evidence tasks the
            weights ``[sequences, labels]``.
        """
        tokens = self.network(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = masked_mean(tokens, attention_mask)
        member = None if lengths is None else _members(lengths, input_ids.shape[0])
        vectors = pooled if member is None else _document_means(pooled, attention_mask, member)
        states = _DocumentStates(tokens, attention_mask, vectors, attention_mask[:, 0], attention_mask)
        logits, weights = [], []
        for head in self.heads.values():
            if isinstance(head, TokenHead) and words is not None:
                logits.append(_token_logits(head, tokens, words))
            elif isinstance(head, EvidenceTaskHead) and member is not None:
                judged, attention = _evidence_logits(head, pooled, member)
                logits.append(judged)
                weights.append(attention)
            else:
                logits.append(cast("TaskHead", head)(states))
        return (nn.functional.normalize(vectors, dim=-1), *logits, *weights)


def _members(lengths: torch.Tensor, sequences: int) -> torch.Tensor:
    """``[examples, sequences]`` true where a sequence is a passage of an example."""
    ends = lengths.cumsum(0)[:, None]
    places = torch.arange(sequences, device=lengths.device)[None]
    return (places < ends) & (places >= ends - lengths[:, None])


def _document_means(pooled: torch.Tensor, mask: torch.Tensor, member: torch.Tensor) -> torch.Tensor:
    sizes = member.float() * mask.sum(1).float()
    return (sizes / sizes.sum(1, keepdim=True)) @ pooled


def _token_logits(head: TokenHead, tokens: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
    places = words.clamp(min=0)[..., None].expand(-1, -1, tokens.shape[-1])
    logits: torch.Tensor = head.linear(tokens.gather(1, places))
    return logits


def _evidence_logits(
    head: EvidenceTaskHead, pooled: torch.Tensor, member: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    scores = head.context(torch.tanh(head.project(pooled)))
    weights = scores[None].masked_fill(~member[..., None], -torch.inf).softmax(1)
    seen = torch.einsum("esl,sd->eld", weights, pooled)
    return (seen * head.weight).sum(-1) + head.bias, weights.sum(0)


def write_onnx(graph: MultiTaskGraph, path: Path) -> None:
    """Trace a graph with free sizes and write it.

    Args:
        graph: The graph.
        path: The file.

    Raises:
        InputError: If onnx or onnxscript is not installed.
    """
    require("onnx")
    require("onnxscript")
    free = torch.export.Dim.DYNAMIC
    # sizes that differ from each other and from one, so that none is taken for a constant or for another
    feeds = {
        "input_ids": torch.full((5, 7), 3),
        "attention_mask": torch.ones(5, 7, dtype=torch.long),
        "words": torch.ones(5, 4, dtype=torch.long),
        "lengths": torch.tensor([2, 2, 1]),
    }
    example = {name: feeds[name] for name in graph.inputs}
    shapes = {name: dict.fromkeys(range(tensor.dim()), free) for name, tensor in example.items()}
    with _quiet_exporter(), torch.inference_mode(mode=False), torch.no_grad():
        traced = torch.export.export(graph, (), example, dynamic_shapes=shapes, strict=False)
        program = torch.onnx.export(
            traced,
            (),
            kwargs=example,
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
        )
        if program is None:
            raise AssertionError("The exporter gives a program when it is called with dynamo=True.")
        program.save(path, external_data=False)


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Hide what the exporter says of itself and of packages that are not needed here."""
    registry = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = registry.level
    registry.setLevel(logging.ERROR)  # it misses torchvision, whose operators no text encoder has
    try:
        with warnings.catch_warnings():
            # torch copies its own tree specifications by a class that it deprecates
            warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\)", FutureWarning)
            yield
    finally:
        registry.setLevel(level)
