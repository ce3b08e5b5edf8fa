"""Training of the scores by patterns: what each of the hand-written patterns says of a passage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from mtl_core.errors import InputError
from mtl_core.pattern_scores import PatternScores, WeighedPattern
from mtl_core.patterns import PatternMatcher, PatternRow, expanded
from mtl_core.prefilter import Prefilter
from mtl_core.rubric import MEASURES
from mtl_core.training.prefilters import build_prefilter
from mtl_core.yaml_file import fitted, read_yaml

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.training.corpus import LabelledPlan

__all__ = ["PATTERNS", "PatternData", "Patterns", "fit_patterns", "load_patterns", "pattern_data"]

PATTERNS = Path(__file__).parents[1] / "corpus" / "patterns"
"""Folder of the patterns that come with the package, a file a measure."""

BONUS = 2.0
"""Of a passage that a pattern shows; chosen on development plans."""
_SHARED = "words.yaml"
_STRENGTH = 0.03
_HEAVY = 3.0


class _PatternFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str
    words: dict[str, str] = Field(default_factory=dict)
    patterns: tuple[PatternRow, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns as they were written.

    Args:
        rows: The patterns.
        measures: Number of each one's measure.
        lists: Number of each one's list of words.
        words: Lists of named words.
        prefilter: Says where they have to be tried.
    """

    rows: tuple[PatternRow, ...]
    measures: tuple[int, ...]
    lists: tuple[int, ...]
    words: tuple[dict[str, str], ...]
    prefilter: Prefilter

    @classmethod
    def of(
        cls,
        rows: Sequence[PatternRow],
        *,
        measures: Sequence[int],
        lists: Sequence[int],
        words: Sequence[dict[str, str]],
    ) -> Patterns:
        """Patterns with the prefilter that fits them; the arguments are those of the class."""
        given = [
            None if one is None else expanded(one, words[number])
            for row, number in zip(rows, lists, strict=True)
            for one in (row.text, row.heading)
        ]
        return cls(tuple(rows), tuple(measures), tuple(lists), tuple(words), build_prefilter(given))

    def matcher(self) -> PatternMatcher:
        """What finds them in documents."""
        return PatternMatcher(self.rows, [self.words[number] for number in self.lists], prefilter=self.prefilter)


@dataclass(frozen=True, slots=True)
class PatternData:
    """Where patterns match in training text.

    Args:
        patterns: The patterns.
        matches: ``[segments, patterns]`` 1 where a pattern matches.
        labels: ``[segments, measures]`` 1 for what a reader quoted.
        groups: Group of each segment.
        heavy: Groups that weigh more, since what is read later is like them.
    """

    patterns: Patterns
    matches: csr_matrix
    labels: NDArray[np.int8]
    groups: tuple[str, ...]
    heavy: frozenset[str]


def load_patterns(folder: Path = PATTERNS) -> Patterns:
    """Read patterns; ``words.yaml`` holds the named words that all files share.

    Args:
        folder: Holds ``words.yaml`` and ``MEASURE.yaml``.

    Returns:
        The patterns.

    Raises:
        InputError: If a file cannot be read, or an expression in it cannot be compiled.
    """
    shared = read_yaml(folder / _SHARED, hint="write named words.")
    rows: list[PatternRow] = []
    measures, lists, words = [], [], []
    for path in sorted(path for path in folder.glob("*.yaml") if path.name != _SHARED):
        given = _read(path)
        words.append({**shared, **given.words})
        _check(given, words[-1], path)
        rows += given.patterns
        measures += [list(MEASURES).index(given.measure)] * len(given.patterns)
        lists += [len(words) - 1] * len(given.patterns)
    return Patterns.of(rows, measures=measures, lists=lists, words=words)


def _read(path: Path) -> _PatternFile:
    given = fitted(read_yaml(path, hint="write a list of patterns."), _PatternFile, path=path)
    names = [row.name for row in given.patterns]
    if given.measure != path.stem or given.measure not in MEASURES or len(set(names)) != len(names):
        raise InputError(f"{path} is of another measure than its name says, or gives a name twice.")
    return given


def _check(given: _PatternFile, words: dict[str, str], path: Path) -> None:
    for row in given.patterns:
        for pattern in (row.text, row.heading, row.unless, row.then):
            try:
                re.compile(expanded(pattern or "", words))
            except (KeyError, ValueError, re.error) as error:
                raise InputError(f"The pattern {row.name!r} of {path} cannot be compiled: {error}.") from error


def pattern_data(
    patterns: Patterns, plans: Sequence[LabelledPlan], labels: NDArray[np.int8], *, heavy: frozenset[str]
) -> PatternData:
    """Find patterns in plans.

    Args:
        patterns: The patterns.
        plans: The plans.
        labels: ``[segments of all plans, measures]`` 1, 0, or -1 where a segment of a plan with the measure was not
            quoted; here it counts as 0, since the patterns are to point at what a reader would quote.
        heavy: Groups of plans by others.

    Returns:
        Matches and labels.
    """
    matcher, cells, offset = patterns.matcher(), [], 0
    for plan in plans:
        cells += [(offset + at, number) for number, at in matcher.matches(plan.segments)[0]]
        offset += len(plan.segments)
    rows, columns = np.asarray(cells, np.int64).reshape(-1, 2).T
    shape = (offset, len(patterns.rows))
    matches = csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    groups = tuple(plan.group for plan in plans for _ in plan.segments)
    return PatternData(patterns, matches, (labels == 1).astype(np.int8), groups, heavy)


def fit_patterns(data: PatternData, *, held: frozenset[str] = frozenset()) -> PatternScores:
    """Fit one logistic regression a measure, balanced between the classes, on the patterns of that measure.

    The loss is convex, so the result depends on the data alone and no seed is needed.

    Args:
        data: Matches and labels.
        held: Groups to leave out.

    Returns:
        The scores.
    """
    kept = np.flatnonzero([group not in held for group in data.groups])
    weight = np.asarray([_HEAVY if data.groups[row] in data.heavy else 1.0 for row in kept])
    inputs, weights = data.matches[kept], np.zeros(len(data.patterns.rows))
    for measure in range(data.labels.shape[1]):
        own = np.flatnonzero(np.asarray(data.patterns.measures) == measure)
        labels = data.labels[kept, measure]
        if len(own) and len(np.unique(labels)) > 1:
            regression = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=2_000)
            weights[own] = regression.fit(inputs[:, own], labels, sample_weight=weight).coef_[0]
    patterns = data.patterns
    weighed = [
        WeighedPattern(measure=measure, words=words, weight=round(float(value), 4), row=row)
        for row, measure, words, value in zip(patterns.rows, patterns.measures, patterns.lists, weights, strict=True)
    ]
    return PatternScores(
        weighed, patterns.words, bonus=BONUS, measures=data.labels.shape[1], prefilter=patterns.prefilter
    )
