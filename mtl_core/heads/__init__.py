"""Heads over the shared encoder, one kind of task a file."""

from mtl_core.heads.base import Decision, EncoderStates, HeadSettings, Prediction, Targets, TaskHead
from mtl_core.heads.binary import BinaryHead
from mtl_core.heads.cue_evidence import OTHERS_SHARE, Cues, EvidenceHead, EvidenceOutput, smooth_maximum
from mtl_core.heads.evidence import EvidenceTaskHead
from mtl_core.heads.multiclass import MulticlassHead
from mtl_core.heads.multilabel import MultilabelHead
from mtl_core.heads.registry import head_class, head_kinds, make_head, register_head
from mtl_core.heads.token import TokenHead

__all__ = [
    "OTHERS_SHARE",
    "BinaryHead",
    "Cues",
    "Decision",
    "EncoderStates",
    "EvidenceHead",
    "EvidenceOutput",
    "EvidenceTaskHead",
    "HeadSettings",
    "MulticlassHead",
    "MultilabelHead",
    "Prediction",
    "Targets",
    "TaskHead",
    "TokenHead",
    "head_class",
    "head_kinds",
    "make_head",
    "register_head",
    "smooth_maximum",
]
