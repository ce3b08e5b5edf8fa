"""Patterns written by hand that show a measure: what they are, and where in a document they match."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mtl_core.errors import ArtifactError
from mtl_core.features import encoder_text
from mtl_core.prefilter import Prefilter
from mtl_core.segments import Segment, SegmentKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MAX_CHARACTERS", "WEAK", "Hits", "Match", "Passage", "PatternMatcher", "PatternRow", "expanded"]

WEAK = "weak:"
"""A name that begins so is of a pattern that makes a measure likelier and does not show it."""

MAX_CHARACTERS = 1_000
"""How much of a passage or heading is searched, so that no text can make a search long."""

_START, _END = 0.3, 0.65
_AT_ONCE = 256
_NAME = re.compile(r"<([a-z_]+)>")

Match = tuple[int, int]
"""Number of a pattern and of a passage."""


class PatternRow(BaseModel):
    """One pattern; the conditions that are there must all hold.

    Args:
        name: Short, unique in its measure.
        text: Regular expression, searched in the passage without marks and case; ``<name>`` stands for named words.
        heading: Searched in the nearest heading above.
        unless: Where it is found in the passage, the pattern does not match.
        kind: Kinds of passages; all where empty.
        place: Only the first 30 or the last 35 per cent of the passages.
        then: Searched in the passages after this one.
        within: In how many of them; all where ``None``.
        against: Whether the passage only looks like the measure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field(min_length=1)
    text: str | None = None
    heading: str | None = None
    unless: str | None = Field(default=None, alias="not")
    kind: tuple[SegmentKind, ...] = ()
    place: Literal["start", "end"] | None = None
    then: str | None = None
    within: int | None = Field(default=None, ge=1)
    against: bool = False

    @model_validator(mode="after")
    def _searches(self) -> PatternRow:
        if self.text is None and self.heading is None:
            raise ValueError(f"the pattern {self.name!r} searches nothing: give it a text or a heading")
        return self

    @property
    def shows(self) -> bool:
        """Whether a passage that it matches shows the measure."""
        return not self.against and not self.name.startswith(WEAK)


def expanded(pattern: str, words: Mapping[str, str]) -> str:
    """A regular expression with ``<name>`` replaced by the words of that name, and line breaks left out.

    Args:
        pattern: As a file gives it.
        words: Alternations by name; they may name each other.

    Returns:
        The expression, for text whose white space is folded.

    Raises:
        KeyError: If a name is not known.
        ValueError: If names form a ring.
    """
    found, depth = "".join(line.strip() for line in pattern.splitlines()), 0
    while _NAME.search(found):
        if depth > len(words):
            raise ValueError(f"the words in {pattern.strip()!r} name each other in a ring")
        found, depth = _NAME.sub(lambda name: f"(?:{' '.join(words[name[1]].split())})", found), depth + 1
    return found


class Passage(NamedTuple):
    """What of a passage decides whether a pattern holds, apart from its place and from what follows.

    Args:
        text: As the encoder sees it.
        heading: The nearest one above, likewise.
        kind: Sentence, bullet, row or heading.
    """

    text: str
    heading: str
    kind: SegmentKind

    @classmethod
    def of(cls, segment: Segment) -> Passage:
        """The passage that a segment holds."""
        text, heading = (encoder_text(part)[:MAX_CHARACTERS] for part in (segment.text, segment.heading))
        return cls(text, heading, segment.kind)


Hits = dict[Passage, tuple[int, ...]]
"""Numbers of the patterns that hold for each passage, wherever it stands."""


class PatternMatcher:
    """Finds the passages of a document that patterns match.

    Args:
        rows: The patterns.
        words: Named words of each pattern.
        prefilter: With two needs for each pattern, of its text and of its heading; it is tried only where both are
            met. ``None`` tries each everywhere.
    """

    def __init__(
        self,
        rows: Sequence[PatternRow],
        words: Sequence[Mapping[str, str]],
        *,
        prefilter: Prefilter | None = None,
    ) -> None:
        self.rows, self.words = tuple(rows), tuple(words)
        self.prefilter = prefilter or Prefilter(needs=(None,) * 2 * len(self.rows))
        kinds = [not row.kind or kind in row.kind for row in self.rows for kind in SegmentKind]
        self._kinds = np.asarray(kinds, np.bool_).reshape(len(self.rows), len(SegmentKind))
        self._searches: dict[tuple[int, str], Callable[[str], re.Match[str] | None]] = {}

    def matches(self, segments: Sequence[Segment], *, known: Hits | None = None) -> tuple[list[Match], Hits]:
        """Every match in a document.

        Args:
            segments: The document.
            known: Hits of an earlier version of it; its passages are not searched again.

        Returns:
            Pattern and passage, in this order, and the hits of all passages.

        Raises:
            ArtifactError: If an expression cannot be compiled.
        """
        passages = [Passage.of(segment) for segment in segments]
        before = known or {}
        new = self._hits([passage for passage in dict.fromkeys(passages) if passage not in before])
        hits = {passage: new[passage] if passage in new else before[passage] for passage in passages}
        places: dict[int, list[int]] = {}
        for at, passage in enumerate(passages):
            for number in hits[passage]:
                places.setdefault(number, []).append(at)
        texts = [passage.text for passage in passages]
        return [(number, at) for number in sorted(places) for at in self._placed(number, places[number], texts)], hits

    def compile(self) -> None:
        """Compile every expression now, which takes a second or two, and not when a document needs it.

        Raises:
            ArtifactError: If an expression cannot be compiled.
        """
        for number, row in enumerate(self.rows):
            for pattern in (row.text, row.heading, row.unless, row.then):
                if pattern is not None and (number, pattern) not in self._searches:
                    self._search(number, pattern)

    def _hits(self, passages: Sequence[Passage]) -> Hits:
        found: list[list[int]] = [[] for _ in passages]
        # a few at a time, so that the table of what is to be tried stays small
        for start in range(0, len(passages), _AT_ONCE):
            for number, at in np.argwhere(self._to_try(passages[start : start + _AT_ONCE])).tolist():
                if self._holds(number, passages[start + at]):
                    found[start + at].append(number)
        return {passage: tuple(numbers) for passage, numbers in zip(passages, found, strict=True)}

    def _to_try(self, passages: Sequence[Passage]) -> NDArray[np.bool_]:
        """``[patterns, passages]`` whether a pattern may hold for a passage."""
        met = self.prefilter.met([*(one.text for one in passages), *(one.heading for one in passages)])
        kinds = [list(SegmentKind).index(one.kind) for one in passages]
        found: NDArray[np.bool_] = met[::2, : len(passages)] & met[1::2, len(passages) :] & self._kinds[:, kinds]
        return found

    def _holds(self, number: int, passage: Passage) -> bool:
        row = self.rows[number]
        if row.heading is not None and not self._found(number, row.heading, passage.heading):
            return False
        if row.text is not None and not self._found(number, row.text, passage.text):
            return False
        return row.unless is None or not self._found(number, row.unless, passage.text)

    def _placed(self, number: int, places: Sequence[int], texts: Sequence[str]) -> list[int]:
        """Those of the places where a pattern may stand and what has to follow does."""
        row, last = self.rows[number], max(len(texts) - 1, 1)
        if row.place == "start":
            places = [at for at in places if at / last <= _START]
        elif row.place == "end":
            places = [at for at in places if at / last >= _END]
        if row.then is None or not places:
            return list(places)
        # searched once for all places, since each of thousands could have thousands after it
        after = [at for at, text in enumerate(texts) if self._found(number, row.then, text)]
        within = len(texts) if row.within is None else row.within
        following = [(at, bisect_right(after, at)) for at in places]
        return [at for at, place in following if place < len(after) and after[place] <= at + within]

    def _found(self, number: int, pattern: str, text: str) -> bool:
        search = self._searches.get((number, pattern)) or self._search(number, pattern)
        return search(text) is not None

    def _search(self, number: int, pattern: str) -> Callable[[str], re.Match[str] | None]:
        try:
            search = re.compile(expanded(pattern, self.words[number]), re.IGNORECASE).search
        except (KeyError, ValueError, re.error) as error:
            message = f"The pattern {self.rows[number].name!r} cannot be compiled ({error}); train the model again."
            raise ArtifactError(message) from error
        self._searches[number, pattern] = search
        return search
