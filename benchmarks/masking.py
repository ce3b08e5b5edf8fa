"""Masking: precision and recall on our passages, and every passage that is masked in a folder of plans.

    python -m benchmarks.masking [--data FOLDER]

``FOLDER`` holds lesson plans as ``.txt`` or ``.md``. What is masked there is shown, to be looked at.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

from chatbot.masking import find_personal

_FOLDER = Path(__file__).parents[1] / "tests" / "chatbot"
PASSAGES = {
    "passages that the rules were written on": _FOLDER / "masking_passages.txt",
    "passages written after the rules, which were not changed for them": _FOLDER / "masking_held_out.txt",
}


def marked(line: str) -> tuple[str, set[tuple[int, int]]]:
    """A line of the set as its text and the offsets of what is personal in it."""
    text, spans, start = "", set(), 0
    for part in re.split("([«»])", line.replace("¶", "\n")):
        if part == "«":
            start = len(text)
        elif part == "»":
            spans.add((start, len(text)))
        else:
            text += part
    return text, spans


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of lesson plans")
    folder = parser.parse_args().data
    for name, path in PASSAGES.items():
        _measure(name, path.read_text(encoding="utf-8").splitlines())
    if folder is not None:
        _scan(folder)


def _measure(name: str, lines: list[str]) -> None:
    right = extra = missed = clean = changed = 0
    for line in lines:
        text, wanted = marked(line)
        found = {(span.start, span.end) for span in find_personal(text)}
        right, extra, missed = right + len(found & wanted), extra + len(found - wanted), missed + len(wanted - found)
        clean += not wanted
        changed += not wanted and bool(found)
    print(
        f"{len(lines)} {name}: precision {right / max(1, right + extra):.3f}, "
        f"recall {right / max(1, right + missed):.3f}; "
        f"{changed} of {clean} without personal data were changed"
    )


def _scan(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".txt", ".md"})
    count, began, size = 0, time.perf_counter(), 0
    for path in files:
        text = path.read_text(encoding="utf-8")
        size += len(text)
        for span in find_personal(text):
            count += 1
            before, after = text[max(0, span.start - 40) : span.start], text[span.end : span.end + 40]
            print(f"{path.name} {span.kind}: {before!r} [{text[span.start : span.end]}] {after!r}")
    seconds = time.perf_counter() - began
    print(f"{count} passages masked in {len(files)} plans; {1e6 * seconds / max(1, size):.2f} s a million characters")


if __name__ == "__main__":
    main()
