"""The side of a search that is in memory: words, spelling and facts of every document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from retrieval.documents import JSON, Document
from retrieval.lexical import LexicalIndex
from retrieval.query import Facts, facts_of
from retrieval.search_config import CONTEXT_FIELD, SearchConfig
from retrieval.spelling import SpellingCorrector, Vocabulary
from retrieval.stores.checks import paths_of
from retrieval.words import Analyser

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LexicalCollection", "context_of"]


class LexicalCollection:
    """Word search over documents, with the spelling and the facts that come from them.

    Args:
        documents: The documents, in the order in which ties are broken.
        config: Settings.
        analyser: Makes the stems.
        known: Words that are right as they are typed, in any ending, whether or not a document holds them.
    """

    def __init__(
        self,
        documents: Iterable[Document],
        *,
        config: SearchConfig,
        analyser: Analyser,
        known: Iterable[str] = (),
    ) -> None:
        self.documents = tuple(documents)
        self.ids = tuple(document.id for document in self.documents)
        self.rows = {name: row for row, name in enumerate(self.ids)}
        texts = [{**document.fields, CONTEXT_FIELD: context_of(document, config)} for document in self.documents]
        self.index = LexicalIndex(
            [{name: analyser.stems(text) for name, text in fields.items()} for fields in texts],
            weights=config.field_weights,
            k1=config.k1,
            b=config.b,
        )
        self.facts: tuple[Facts, ...] = tuple(facts_of(document.metadata) for document in self.documents)
        self.paths = frozenset[str]().union(*(paths_of(document.payload()) for document in self.documents))
        self.states_grades = any(facts.grades is not None for facts in self.facts)
        self.states_minutes = any(facts.minutes is not None for facts in self.facts)
        vocabulary = Vocabulary((" ".join(fields.values()) for fields in texts), pair_from=config.spelling.pair_from)
        self.corrector = SpellingCorrector(
            vocabulary,
            self.index.whole,
            documents=len(self.documents),
            analyser=analyser,
            config=config.spelling,
            known=known,
        )

    def __len__(self) -> int:
        return len(self.documents)

    def best_rows(
        self, scores: NDArray[np.float32], *, most: int, passes: Callable[[int], bool] | None = None
    ) -> list[int]:
        """Rows with a score above 0 that meet a condition, best first.

        Args:
            scores: ``[documents]``.
            most: The most rows.
            passes: A condition, asked down the ranking until enough rows meet it.

        Returns:
            Rows; equal scores in the order of the documents.
        """
        ordered = _descending(scores, first=most)
        return list(islice(ordered if passes is None else filter(passes, ordered), most))


def context_of(document: Document, config: SearchConfig) -> str:
    """The words of a document's metadata that say what it belongs to.

    Args:
        document: The document.
        config: Names the metadata.

    Returns:
        The words, such as "Fractions of amounts. mathematics".
    """
    values = (document.metadata.get(name) for name in config.context_metadata)
    return ". ".join(" ".join(text.split("-")) for value in values for text in _texts(value))


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)


def _descending(scores: NDArray[np.float32], *, first: int) -> Iterator[int]:
    """Rows with a score above 0 by falling score; the head is sorted before the rest is looked at."""
    found = np.flatnonzero(scores > 0)
    if len(found) > 4 * first:
        # the place of the last one is a score, so that ties at the edge stay in order
        edge = np.partition(scores[found], len(found) - 4 * first)[len(found) - 4 * first]
        head = found[scores[found] >= edge]
        yield from head[np.argsort(-scores[head], kind="stable")].tolist()
        found = found[scores[found] < edge]
    yield from found[np.argsort(-scores[found], kind="stable")].tolist()
