"""Masking: precision and recall on marked passages, and every passage that is masked in a folder of plans.

    python -m benchmarks.masking [--data FOLDER] [--folds N]

Each set is read by the rules alone, then by rules and name heads. With ``--folds`` the passages that the heads learn
from are read too, by heads trained on the other passages. ``FOLDER`` holds lesson plans as ``.txt`` or ``.md``: what
is masked there is shown, to be looked at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from chatbot.masking import NameFinder, find_personal
from chatbot.masking_spans import Span
from chatbot.name_heads.passages import SHIPPED_PASSAGES, Passage, read_passages
from chatbot.name_heads.reader import NameReader, joined_words
from chatbot.name_heads.train import NAME_FROM, held_out_chances, plain_text
from mtl_core.encoder import SharedEncoder

_FOLDER = Path(__file__).parents[1] / "tests" / "chatbot"
SETS = {
    "passages that the rules were written on": "masking_passages.txt",
    "50 passages written after the rules": "masking_held_out.txt",
    "200 passages, held out": "masking_held_out_two.txt",
}


def show(name: str, passages: Sequence[Passage], find: Callable[[str], list[Span]]) -> None:
    """Print how well a finder does on a set."""
    said = right = hit = total = changed = clean = 0
    for passage in passages:
        spans = find(passage.text)
        said += len(spans)
        right += sum(any(start < span.end and span.start < end for start, end in passage.names) for span in spans)
        hit += sum(any(span.start <= start and end <= span.end for span in spans) for start, end in passage.names)
        total += len(passage.names)
        if not passage.names:
            clean += 1
            changed += bool(spans)
    print(
        f"| {name} | {right / max(said, 1):.3f} | {hit / max(total, 1):.3f} | {changed} of {clean} |",
        flush=True,
    )


def show_plans(folder: Path, finder: NameFinder) -> None:
    """Print what is masked in a folder of plans."""
    files = sorted([*folder.rglob("*.txt"), *folder.rglob("*.md")])
    began, plans = time.perf_counter(), 0
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        spans = find_personal(text, finder=finder)
        plans += bool(spans)
        for span in spans:
            around = text[max(0, span.start - 50) : span.start] + "«" + text[span.start : span.end] + "»"
            print(f"{file.name}: {span.kind}: {' '.join((around + text[span.end : span.end + 50]).split())}")
    print(f"{plans} of {len(files)} plans were changed; {time.perf_counter() - began:.1f} s")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of lesson plans")
    parser.add_argument("--folds", type=int, default=0)
    arguments = parser.parse_args()
    encoder = SharedEncoder.load()
    reader = NameReader.from_pretrained(encoder=encoder)
    print("| passages | precision | recall | without a name, changed |\n|---|---|---|---|")
    for name, file in SETS.items():
        passages = read_passages([_FOLDER / file])
        show(f"{name}: rules", passages, find_personal)
        show(f"{name}: rules and heads", passages, lambda text: find_personal(text, finder=reader))
    if arguments.folds:
        passages = read_passages(SHIPPED_PASSAGES)
        exact = SharedEncoder.load(precision="float32")
        chances = held_out_chances(exact, passages, plain=plain_text(), folds=arguments.folds)
        show("learned from: rules", passages, find_personal)
        by_text = {one.text: chance for one, chance in zip(passages, chances, strict=True)}
        for cut in (0.3, 0.5, NAME_FROM, 0.85):

            def heads(text: str, cut: float = cut) -> list[Span]:
                return [Span(start, end, "name") for start, end in joined_words(text, list(by_text[text] >= cut))]

            show(f"learned from, heads of other folds, from {cut}", passages, heads)
    if arguments.data:
        show_plans(arguments.data, reader)


if __name__ == "__main__":
    main()
