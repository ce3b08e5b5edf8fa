"""Embeddings as a picture, and the texts that lie far from all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import IsolationForest
from sklearn.manifold import TSNE

from mtl_core.errors import InputError
from mtl_core.evaluation.plots import COLOURS, MARKERS, new_figure, plain_label, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Outlier", "embedding_map", "find_outliers", "outlier_map", "project"]

_REST = "#A9B4C2"
_NAMED = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlier:
    """A text whose embedding is easy to set apart from the others.

    Args:
        row: Its row in the embeddings.
        score: Anomaly score of the isolation forest, 0 to 1; above 0.5 is unlike the rest.
    """

    row: int
    score: float


def project(embeddings: ArrayLike, *, seed: int) -> Floats:
    """Positions in the plane that keep neighbours together.

    Van der Maaten and Hinton, Visualizing data using t-SNE, 2008. The perplexity is 30, less for
    fewer than 91 texts.

    Args:
        embeddings: ``[n, dimensions]``.
        seed: Of the random start.

    Returns:
        ``[n, 2]`` positions without a unit.

    Raises:
        InputError: If there is no embedding or a number is not finite.
    """
    vectors = _checked(embeddings)
    if len(vectors) == 1:
        return np.zeros((1, 2))
    # PCA needs two directions in which the vectors differ
    start = "pca" if np.count_nonzero(np.ptp(vectors, axis=0)) > 1 else "random"
    perplexity = min(30.0, max((len(vectors) - 1) / 3, 0.5))
    places = TSNE(perplexity=perplexity, init=start, random_state=seed, n_jobs=1).fit_transform(vectors)
    return np.asarray(places, dtype=np.float64)


def embedding_map(
    embeddings: ArrayLike, labels: Sequence[str], *, seed: int, title: str = "Embeddings (t-SNE)", most: int = 2000
) -> bytes:
    """Map of embeddings, coloured and shaped by label.

    Args:
        embeddings: ``[n, dimensions]``.
        labels: ``[n]`` label of each; beyond the seven most frequent they share one grey.
        seed: Of the sample and the map.
        title: Above the picture.
        most: Of more texts, a random sample of this size is drawn, since t-SNE takes long.

    Returns:
        PNG bytes.

    Raises:
        InputError: If there is no embedding, or the labels differ in number.
    """
    vectors = _checked(embeddings)
    if len(labels) != len(vectors):
        raise InputError(f"{len(labels)} labels stand beside {len(vectors)} embeddings; give one for each.")
    shown = np.asarray(labels, dtype=np.str_)
    if len(vectors) > most:
        rows = np.sort(np.random.default_rng(seed).choice(len(vectors), most, replace=False))
        title = f"{title}, {most} of {len(vectors)} texts"
        vectors, shown = vectors[rows], shown[rows]
    x, y = project(vectors, seed=seed).T
    counts = sorted(Counter(shown.tolist()).items(), key=lambda item: (-item[1], item[0]))
    common = counts if len(counts) <= len(COLOURS) else counts[: len(COLOURS)]
    figure, axes = new_figure(width=7.6, height=5.2, title=title)
    for (label, count), colour, marker in zip(common, COLOURS, MARKERS, strict=False):
        name, own = f"{plain_label(label, most=28)} ({count})", shown == label
        axes.scatter(x[own], y[own], s=16, color=colour, marker=marker, alpha=0.75, linewidths=0, label=name)
    rest = ~np.isin(shown, [label for label, _ in common])
    if rest.any():
        name = f"{len(counts) - len(common)} other labels ({rest.sum()})"
        axes.scatter(x[rest], y[rest], s=12, color=_REST, marker=".", label=name, zorder=0)
    _finish(axes)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=8, markerscale=1.5)
    return to_png(figure)


def find_outliers(embeddings: ArrayLike, *, seed: int, share: float = 0.02) -> list[Outlier]:
    """The texts that an isolation forest sets apart soonest: often noise, another language, a mistake.

    Liu, Ting and Zhou, Isolation forest, ICDM 2008.

    Args:
        embeddings: ``[n, dimensions]``.
        seed: Of the forest.
        share: Share of the texts to list, above 0 to 1; at least one is listed.

    Returns:
        The outliers, the strangest first.

    Raises:
        InputError: If there is no embedding or the share is outside its range.
    """
    vectors = _checked(embeddings)
    if not 0 < share <= 1:
        raise InputError(f"The share of outliers is above 0 and at most 1; it is {share}.")
    forest = IsolationForest(n_estimators=200, random_state=seed, n_jobs=1).fit(vectors)
    scores = -np.asarray(forest.score_samples(vectors))
    rows = np.argsort(-scores, kind="stable")[: max(1, round(share * len(vectors)))]
    return [Outlier(row=int(row), score=float(scores[row])) for row in rows]


def outlier_map(
    embeddings: ArrayLike,
    outliers: Sequence[Outlier],
    *,
    seed: int,
    texts: Sequence[str] = (),
    title: str = "Outliers (isolation forest, t-SNE)",
    most: int = 2000,
) -> bytes:
    """Map of embeddings with the outliers marked, the first ten numbered.

    Args:
        embeddings: ``[n, dimensions]``.
        outliers: From :func:`find_outliers` on the same embeddings.
        seed: Of the sample and the map.
        texts: ``[n]`` the texts; with them the first ten outliers are quoted beneath the map.
        title: Above the picture.
        most: Of more other texts, a random sample of this size is drawn, since t-SNE takes long.

    Returns:
        PNG bytes.

    Raises:
        InputError: If there is no embedding, or an outlier is not one of them.
    """
    vectors = _checked(embeddings)
    rows = [outlier.row for outlier in outliers]
    if any(row >= len(vectors) for row in rows) or (texts and len(texts) != len(vectors)):
        raise InputError("The outliers and texts must be those of the embeddings; give the same rows to both.")
    others = np.setdiff1d(np.arange(len(vectors)), rows)
    if len(others) > most:
        others = np.sort(np.random.default_rng(seed).choice(others, most, replace=False))
    x, y = project(vectors[[*rows, *others]], seed=seed).T
    named = rows[:_NAMED]
    figure, axes = new_figure(width=7.2, height=5.0 + (0.18 * len(named) if texts else 0), title=title)
    axes.scatter(x[len(rows) :], y[len(rows) :], s=12, color=_REST, label=f"others ({len(others)})")
    if rows:
        axes.scatter(
            x[: len(rows)], y[: len(rows)], s=36, color=COLOURS[4], marker="X", label=f"outliers ({len(rows)})"
        )
    _number(axes, list(zip(x, y, strict=True))[: len(named)])
    _finish(axes)
    axes.legend(loc="upper left", fontsize=8)
    if texts:
        quotes = [f"{number:>2}  {plain_label(texts[row], most=95)}" for number, row in enumerate(named, start=1)]
        axes.set_xlabel("First axis\n\n" + "\n".join(quotes), loc="left", fontsize=8)
    return to_png(figure)


def _number(axes: Axes, places: Sequence[tuple[float, float]]) -> None:
    """Numbers in a column beside the map, each with a line to its point: points may lie on each other."""
    from_top = sorted(range(len(places)), key=lambda index: -places[index][1])
    for slot, index in enumerate(from_top):
        axes.annotate(
            str(index + 1),
            places[index],
            xytext=(1.05, 1 - (slot + 0.5) / len(places)),
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": COLOURS[4], "linewidth": 0.6},
        )


def _finish(axes: Axes) -> None:
    # the axes of t-SNE have no unit and no direction: numbers on them would only mislead
    axes.set(xlabel="First axis", ylabel="Second axis", xticks=[], yticks=[])


def _checked(embeddings: ArrayLike) -> Floats:
    vectors = np.asarray(embeddings, dtype=np.float64)
    if vectors.ndim != 2 or not vectors.size:
        raise InputError(f"Embeddings are rows of numbers, at least one; their shape is {list(vectors.shape)}.")
    if not np.isfinite(vectors).all():
        raise InputError("An embedding holds a number that is not finite; the encoder has diverged.")
    return vectors
