"""Runs a parser of files in a process of its own, with a limit of time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mtl_core.errors import InputError

__all__ = ["parse_apart"]

SECONDS = 20.0
"""Longest time that a file may take."""

_ROOT = Path(__file__).parents[2]
_DAMAGED = {
    "docx": "could not be read as a Word file; open it in Word, save it again, or give the plan as text.",
    "pdf": "could not be read as a PDF; export it again, or give the plan as text.",
    "html": "could not be read as a web page; give the plan as text.",
}


def parse_apart(label: str, kind: str, data: bytes, *, seconds: float = SECONDS) -> str:
    """Parse a file apart from this process, so that no file can take its memory or its time.

    Args:
        label: How errors name the file.
        kind: ``docx``, ``pdf`` or ``html``.
        data: The content.
        seconds: Longest time.

    Returns:
        The text.

    Raises:
        InputError: If the parser refuses the file, fails, or runs into a limit.
    """
    # -P: a file named docx.py in the folder of the user is never imported
    command = [sys.executable, "-P", "-m", "chatbot.uploads.worker", kind, str(int(seconds) + 1)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and the kind is one of three words
            command, input=data, capture_output=True, timeout=seconds, check=False, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"{label} took longer than {seconds:g} seconds to read; give one lesson at a time, or its text."
        ) from error
    try:
        answer: dict[str, str] = json.loads(done.stdout) if done.returncode == 0 else {}
    except ValueError:
        answer = {}
    if "refused" in answer:
        raise InputError(f"{label} {answer['refused']}")
    if "text" not in answer:
        raise InputError(f"{label} {_DAMAGED[kind]}")
    return answer["text"]
