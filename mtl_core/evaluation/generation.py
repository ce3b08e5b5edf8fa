"""How close generated texts are to reference texts, by the usual measures.

The libraries come with the extra ``generation`` and are imported when a measure is asked for.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeInt

from mtl_core.errors import InputError

__all__ = [
    "GenerationScores",
    "bleu",
    "distinct_n",
    "exact_match",
    "generation_scores",
    "meteor",
    "rouge",
]

References = Sequence[str | Sequence[str]]

_WORD = re.compile(r"\w+|[^\w\s]")
_ROUGE = ("rouge1", "rouge2", "rougeL")


class GenerationScores(BaseModel):
    """Figures of generated texts; all but ``count`` are ``None`` where there is none.

    Args:
        count: Number of texts.
        exact_match: Share that equals a reference, blanks and letter case aside.
        rouge1: Mean F1 of shared words.
        rouge2: Mean F1 of shared pairs of words.
        rougeL: Mean F1 of the longest common subsequence.
        bleu: Corpus BLEU, 0 to 100.
        meteor: Mean METEOR, 0 to 1.
        distinct_1: Share of the words that are different.
        distinct_2: Share of the pairs of words that are different.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    count: NonNegativeInt
    exact_match: float | None = None
    rouge1: float | None = None
    rouge2: float | None = None
    rougeL: float | None = None  # noqa: N815 - the measure's own name
    bleu: float | None = None
    meteor: float | None = None
    distinct_1: float | None = None
    distinct_2: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data that JSON can hold."""
        return self.model_dump(mode="json")


class _NoSynonyms:
    """Stands in for WordNet, whose data needs a download: no word has a synonym."""

    @staticmethod
    def synsets(_word: str) -> list[Any]:
        return []


def generation_scores(predictions: Sequence[str], references: References) -> GenerationScores:
    """All measures at once.

    Args:
        predictions: ``[n]`` generated texts.
        references: ``[n]`` the reference of each, or several of them.

    Returns:
        The figures.

    Raises:
        InputError: If the lengths differ, a text has no reference or a library is missing.
    """
    _sets(predictions, references)
    if not predictions:
        return GenerationScores(count=0)
    return GenerationScores(
        count=len(predictions),
        exact_match=exact_match(predictions, references),
        bleu=bleu(predictions, references),
        meteor=meteor(predictions, references),
        distinct_1=distinct_n(predictions, 1),
        distinct_2=distinct_n(predictions, 2),
        **rouge(predictions, references),
    )


def exact_match(predictions: Sequence[str], references: References) -> float | None:
    """Share of the texts that equal one of their references, blanks and letter case aside.

    Args:
        predictions: ``[n]`` generated texts.
        references: ``[n]`` the reference of each, or several of them.

    Returns:
        0 to 1, or ``None`` where there is no text.

    Raises:
        InputError: If the lengths differ or a text has no reference.
    """
    return _mean(
        float(_plain(said) in {_plain(one) for one in several})
        for said, several in zip(predictions, _sets(predictions, references), strict=True)
    )


def rouge(predictions: Sequence[str], references: References) -> dict[str, float | None]:
    """Mean ROUGE-1, ROUGE-2 and ROUGE-L F1 with stemming; of several references the best counts.

    Lin, ROUGE: a package for automatic evaluation of summaries, 2004. Library: ``rouge-score``.

    Args:
        predictions: ``[n]`` generated texts.
        references: ``[n]`` the reference of each, or several of them.

    Returns:
        0 to 1 by ``rouge1``, ``rouge2`` and ``rougeL``, or ``None`` where there is no text.

    Raises:
        InputError: If the lengths differ, a text has no reference or the library is missing.
    """
    sets = _sets(predictions, references)
    scorer = _library("rouge_score.rouge_scorer", "rouge-score").RougeScorer(list(_ROUGE), use_stemmer=True)
    rows = [scorer.score_multi(several, said) for said, several in zip(predictions, sets, strict=True)]
    return {name: _mean(row[name].fmeasure for row in rows) for name in _ROUGE}


def bleu(predictions: Sequence[str], references: References) -> float | None:
    """Corpus BLEU as sacreBLEU computes it by default.

    Papineni et al., BLEU, ACL 2002; Post, A call for clarity in reporting BLEU scores, 2018.

    Args:
        predictions: ``[n]`` generated texts.
        references: ``[n]`` the reference of each, or several of them.

    Returns:
        0 to 100, or ``None`` where there is no text.

    Raises:
        InputError: If the lengths differ, a text has no reference or the library is missing.
    """
    sets = _sets(predictions, references)
    sacrebleu = _library("sacrebleu", "sacrebleu")
    if not sets:
        return None
    most = max(len(several) for several in sets)
    streams = [[several[row] if row < len(several) else None for several in sets] for row in range(most)]
    return float(sacrebleu.corpus_bleu(list(predictions), streams).score)


def meteor(predictions: Sequence[str], references: References) -> float | None:
    """Mean METEOR by exact words and stems; of several references the best counts.

    WordNet's data is a download of its own, so synonyms are not matched: the figure is at or below
    that of the full measure and must not be compared with it.

    Banerjee and Lavie, METEOR, 2005. Library: ``nltk``.

    Args:
        predictions: ``[n]`` generated texts.
        references: ``[n]`` the reference of each, or several of them.

    Returns:
        0 to 1, or ``None`` where there is no text.

    Raises:
        InputError: If the lengths differ, a text has no reference or the library is missing.
    """
    sets = _sets(predictions, references)
    measure: Callable[..., float] = _library("nltk.translate.meteor_score", "nltk").meteor_score
    return _mean(
        measure([_WORD.findall(one) for one in several], _WORD.findall(said), wordnet=_NoSynonyms())
        for said, several in zip(predictions, sets, strict=True)
    )


def distinct_n(texts: Sequence[str], n: int) -> float | None:
    """Distinct n-grams by all n-grams of all texts: low where a generator repeats itself.

    Li et al., A diversity-promoting objective function for neural conversation models, NAACL 2016.

    Args:
        texts: The generated texts.
        n: Words an n-gram, 1 or more.

    Returns:
        0 to 1, or ``None`` where no text has n words.

    Raises:
        InputError: If ``n`` is below 1.
    """
    if n < 1:
        raise InputError(f"An n-gram has at least one word; n is {n}.")
    grams = []
    for text in texts:
        words = _WORD.findall(text.casefold())
        grams += [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]
    return len(set(grams)) / len(grams) if grams else None


def _library(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"This measure needs the package {package!r}, which is not installed; "
            "install it with: pip install 'lesson-nudge[generation]'."
        ) from error


def _sets(predictions: Sequence[str], references: References) -> list[list[str]]:
    """The references of each text as a list."""
    if len(predictions) != len(references):
        raise InputError(f"{len(predictions)} texts stand beside {len(references)} references; give one for each.")
    sets = [[given] if isinstance(given, str) else list(given) for given in references]
    empty = [number for number, several in enumerate(sets, start=1) if not several]
    if empty:
        raise InputError(f"Text {empty[0]} has no reference; give it one or leave it out.")
    return sets


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _mean(values: Any) -> float | None:
    found = [float(value) for value in values]
    return math.fsum(found) / len(found) if found else None
