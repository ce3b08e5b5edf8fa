"""Exported models: one graph with encoder, pooling and every head, run without torch.

``mtl_core.runtime.export`` makes a folder from a trained model and needs torch; what is named here needs
``numpy``, ``tokenizers``, ``pydantic`` and the runtime that the folder was made for.
"""

from mtl_core.runtime.decisions import DecisionRule, Prediction
from mtl_core.runtime.folder import ExportConfig, Parity
from mtl_core.runtime.runtime import ExportedModel

__all__ = ["DecisionRule", "ExportConfig", "ExportedModel", "Parity", "Prediction"]
