"""The process that parses one file: bytes on standard input, one JSON object on standard output."""

from __future__ import annotations

import importlib
import json
import logging
import sys
import warnings

from mtl_core.errors import InputError

__all__ = ["main", "parse"]

MAX_MEMORY_BYTES = 1_500_000_000
"""Address space of the process."""

MAX_CHARACTERS = 1_000_000
"""Longest text that a file may hold."""

_PARSERS = {
    "docx": ("chatbot.uploads.word", "word_text"),
    "pdf": ("chatbot.uploads.pdf", "pdf_text"),
    "html": ("chatbot.uploads.web_page", "web_page_text"),
}


def parse(kind: str, data: bytes) -> dict[str, str]:
    """Parse one file.

    Args:
        kind: ``docx``, ``pdf`` or ``html``.
        data: The content.

    Returns:
        ``text``, or ``refused`` with the clause that says why.
    """
    module, function = _PARSERS[kind]
    try:
        text: str = getattr(importlib.import_module(module), function)(data)
    except InputError as error:
        return {"refused": str(error)}
    except ModuleNotFoundError:
        return {"refused": "needs the extra for files; install lesson-nudge[files], or give the plan as text."}
    except RecursionError:
        return {"refused": "is nested too deeply to read; give the plan as text."}
    except MemoryError:
        return {"refused": "needs too much memory to read; give one lesson at a time, or its text."}
    if len(text) > MAX_CHARACTERS:
        return {"refused": f"holds {len(text):,} characters; the limit is {MAX_CHARACTERS:,}. Give one lesson."}
    if not any(map(str.isalpha, text)):
        return {"refused": "holds no text that can be read; give a file with the words of the plan."}
    return {"text": text}


def limit_process(seconds: int) -> None:
    """Bound the memory and the processor time of this process, where the system can.

    Args:
        seconds: Processor time.
    """
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ModuleNotFoundError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Read, parse, answer."""
    kind, seconds = sys.argv[1:3]
    limit_process(int(seconds))
    warnings.simplefilter("ignore")
    logging.disable()
    answer = parse(kind, sys.stdin.buffer.read())
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
