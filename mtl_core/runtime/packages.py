"""Packages that only exports need, imported where they are used."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from mtl_core.errors import InputError

__all__ = ["require"]


def require(name: str) -> ModuleType:
    """Import a module of an optional package.

    Args:
        name: The module, such as ``onnxruntime.quantization``.

    Returns:
        The module.

    Raises:
        InputError: If its package is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or name).partition(".")[0]
        raise InputError(
            f"The package {missing} is not installed; it comes with: pip install 'lesson-nudge[export]'"
        ) from error
