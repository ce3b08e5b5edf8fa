"""Words that stand in lower case all over our plans and messages: a piece of text with no others holds no name.

``python -m chatbot.name_heads.common`` rewrites ``chatbot/masking_data/common_words.txt``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from chatbot.masking_words import COMMON_WORDS, every_name
from chatbot.message_heads.rows import TRAINING, WRITTEN, load_batches
from chatbot.name_heads.passages import SHIPPED_PASSAGES, Passage, read_passages
from mtl_core.saved import write_atomic
from mtl_core.training.corpus import load_corpus

__all__ = ["frequent_words"]

_LOWER = re.compile(r"\b[^\W\d_A-Z]{2,}\b")
_WORD = re.compile(r"[^\W\d_]+")
_LEAST = 5


def frequent_words(texts: Iterable[str], passages: Sequence[Passage], *, least: int = _LEAST) -> list[str]:
    """Words in lower case that stand often and in nobody's name.

    Args:
        texts: Where to count.
        passages: Whose marked names are left out.
        least: How often a word has to stand.

    Returns:
        The words, sorted.
    """
    counts = Counter(word for text in texts for word in _LOWER.findall(text))
    names = {name.lower() for name in every_name()}
    marked = [one.text[start:end] for one in passages for start, end in one.names]
    names |= {word.lower() for name in marked for word in _WORD.findall(name)}
    return sorted(word for word, count in counts.items() if count >= least and word not in names and word.isascii())


def _main() -> None:
    corpus = load_corpus()
    rows = load_batches([name for name in TRAINING if name in WRITTEN])
    texts = [*(plan.text for plan in corpus.plans), *(row.text for row in corpus.segments), *(row.text for row in rows)]
    words = frequent_words(texts, read_passages(SHIPPED_PASSAGES))
    write_atomic(COMMON_WORDS, "".join(f"{word}\n" for word in words).encode())


if __name__ == "__main__":
    _main()
