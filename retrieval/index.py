"""Search over lesson templates: FAISS over vectors of the shared encoder, joined with words for a typed query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import faiss
import numpy as np
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.rubric import MEASURES
from mtl_core.saved import publish, read_saved
from retrieval.search_query import checked_query
from retrieval.templates import SUBJECTS, LessonTemplate, TemplateLibrary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder
    from retrieval.search_results import SearchMode, SearchResponse
    from retrieval.template_search import TemplateSearch

__all__ = ["SearchFilter", "SearchHit", "TemplateIndex"]

_KIND = "template-index"
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilter:
    """Conditions that a hit must meet; ``None`` leaves one open.

    Args:
        measure: Key of a measure that the template repairs.
        subject: A subject; templates for any subject always pass.
        grade: US grade, 0 for kindergarten and younger, 13 for adults.
        minutes: The most minutes that the template may take.

    Raises:
        InputError: If a value is unknown or out of range.
    """

    measure: str | None = None
    subject: str | None = None
    grade: int | None = None
    minutes: int | None = None

    def __post_init__(self) -> None:
        if self.measure is not None and self.measure not in MEASURES:
            raise InputError(f"There is no measure {self.measure!r}; use one of {', '.join(MEASURES)}.")
        if self.subject is not None and self.subject not in SUBJECTS:
            raise InputError(f"There is no subject {self.subject!r}; use one of {', '.join(SUBJECTS)}.")
        if self.grade is not None and not 0 <= self.grade <= 13:
            raise InputError(f"The grade is {self.grade}; give 0 (kindergarten) to 13 (adults).")
        if self.minutes is not None and self.minutes < 0:
            raise InputError(f"The minutes are {self.minutes}; give 0 or more.")

    def admits(self, template: LessonTemplate) -> bool:
        """Whether a template meets every condition."""
        return (
            (self.measure is None or self.measure in template.measures)
            and (self.subject is None or template.suits(self.subject))
            and (self.grade is None or self.grade in template.grades)
            and (self.minutes is None or template.minutes <= self.minutes)
        )


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One result.

    Args:
        template: The template.
        score: Higher is better. For a vector, and by ``dense``, the cosine of query and template, -1 to 1; else
            what the legs give together, comparable within one search alone.
    """

    template: LessonTemplate
    score: float


class _Meta(BaseModel):
    model_config = ConfigDict(extra="forbid")
    encoder: str
    fingerprint: str
    dimension: int
    count: int


class TemplateIndex:
    """Templates with their vectors, searchable by text or vector under filters.

    Filters are evaluated before the search (a FAISS id selector), so k results come back whenever
    k templates pass. The vectors and the library are what is saved; the FAISS structure is rebuilt.

    Args:
        library: The templates.
        vectors: ``[len(library), dimension]`` float32 unit vectors in the library's order.
        encoder: The encoder that made them and will encode queries.

    Raises:
        InputError: If the shapes do not fit.
    """

    def __init__(self, library: TemplateLibrary, vectors: NDArray[np.float32], *, encoder: SharedEncoder) -> None:
        if vectors.shape != (len(library), encoder.dimension):
            raise InputError(f"{len(library)} templates need vectors of shape ({len(library)}, {encoder.dimension}).")
        self.library = library
        self._encoder = encoder
        self._vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._rows = {template_id: row for row, template_id in enumerate(library.ids)}
        self._faiss = faiss.IndexFlatIP(encoder.dimension)
        self._faiss.add(self._vectors)

    @classmethod
    def build(cls, library: TemplateLibrary, *, encoder: SharedEncoder) -> TemplateIndex:
        """Encode a library.

        Args:
            library: The templates.
            encoder: The shared encoder.

        Returns:
            The index.
        """
        vectors = encoder.encode([template.search_text for template in library.values()]).vectors
        return cls(library, vectors, encoder=encoder)

    def __len__(self) -> int:
        return len(self.library)

    def search(
        self,
        query: str | NDArray[np.float32],
        *,
        k: int = 5,
        where: SearchFilter | None = None,
        mode: SearchMode = "hybrid",
    ) -> list[SearchHit]:
        """Find the templates that fit a query best.

        Args:
            query: Text, or a unit vector ``[dimension]`` of the same encoder, which is searched by vectors alone.
            k: The most results, 1 or more.
            where: Conditions.
            mode: For a text: ``hybrid`` joins meaning and words, ``bm25`` takes the words alone, ``dense`` the
                vector of the text as it was typed.

        Returns:
            Hits, best first; ties in the library's order.

        Raises:
            InputError: If the query is empty, too long or not finite, ``k`` is below 1, or there is no such mode.
        """
        if isinstance(query, str) and mode == "dense":
            return self.search(self._encoder.encode([checked_query(query)]).vectors[0], k=k, where=where)
        if isinstance(query, str):
            response = self.respond(query, k=k, where=where, mode=mode)
            return [SearchHit(self.library[result.document.id], result.score) for result in response.results]
        rows = self._admitted(where, k=k)
        vector = self._checked_vector(query)
        if not rows:
            return []
        selector = faiss.IDSelectorBatch(np.asarray(rows, np.int64))
        parameters = faiss.SearchParameters()
        parameters.sel = selector
        scores, found = self._faiss.search(vector[None], min(k, len(rows)), params=parameters)
        hits = sorted(zip(found[0].tolist(), scores[0].tolist(), strict=True), key=lambda hit: (-hit[1], hit[0]))
        return [SearchHit(self.library[self.library.ids[row]], float(score)) for row, score in hits if row >= 0]

    def respond(
        self, query: str, *, k: int = 5, where: SearchFilter | None = None, mode: SearchMode = "hybrid"
    ) -> SearchResponse:
        """Find templates for a typed query, with the reasons and what the query was read as.

        Args:
            query: A few words, such as "exit tickt fractions"; at most 10,000 characters.
            k: The most results, 1 or more.
            where: Conditions.
            mode: Which legs are used; each reads the query first.

        Returns:
            Results whose documents have the ids of templates; notes say what was corrected and understood.

        Raises:
            InputError: As ``search``.
        """
        return self._typed.search(query, rows=self._admitted(where, k=k), k=k, mode=mode)

    @cached_property
    def _typed(self) -> TemplateSearch:
        """The words, read when the first text is searched for."""
        from retrieval.template_search import TemplateSearch  # noqa: PLC0415 - only typed queries need it

        return TemplateSearch(self.library, self._vectors, encoder=self._encoder)

    def _admitted(self, where: SearchFilter | None, *, k: int) -> list[int]:
        """Rows of the templates that meet the conditions."""
        if k < 1:
            raise InputError(f"k is {k}; ask for 1 result or more.")
        return [row for row, template in enumerate(self.library.values()) if where is None or where.admits(template)]

    def _checked_vector(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        vector = np.asarray(query, np.float32)
        if vector.shape != (self._encoder.dimension,) or not np.isfinite(vector).all():
            raise InputError(f"The query vector must hold {self._encoder.dimension} finite numbers.")
        return vector

    def vectors_of(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of templates, as they were encoded for the index.

        Args:
            ids: Ids of templates of the library.

        Returns:
            ``[len(ids), dimension]`` float32 unit vectors, in the order asked for.

        Raises:
            InputError: If the library does not hold a template.
        """
        if missing := [template_id for template_id in ids if template_id not in self._rows]:
            raise InputError(f"There is no template {missing[0]!r} in the index; search for one and take its id.")
        vectors: NDArray[np.float32] = self._vectors[[self._rows[template_id] for template_id in ids]]
        return vectors

    def save(self, folder: str | Path) -> None:
        """Publish the index in a folder, atomically.

        Args:
            folder: Where; an index that is there stays readable until the new one is complete.
        """
        rows = "\n".join(template.model_dump_json(by_alias=True) for template in self.library.values())
        meta = _Meta(
            encoder=self._encoder.name,
            fingerprint=self._encoder.fingerprint,
            dimension=self._encoder.dimension,
            count=len(self),
        )
        files: Mapping[str, bytes] = {
            "vectors.safetensors": save_tensors({"vectors": self._vectors}),
            "templates.jsonl": f"{rows}\n".encode(),
        }
        publish(folder, kind=_KIND, schema_version=_SCHEMA_VERSION, meta=meta.model_dump(), files=files)

    @classmethod
    def load(cls, folder: str | Path, *, encoder: SharedEncoder) -> TemplateIndex:
        """Read a saved index.

        Args:
            folder: The folder.
            encoder: The encoder that made the vectors.

        Returns:
            The index.

        Raises:
            ArtifactError: If the folder is damaged, or was made with another encoder.
        """
        saved = read_saved(folder, kind=_KIND, schema_version=_SCHEMA_VERSION)
        try:
            meta = _Meta.model_validate(saved.meta)
            vectors = load_tensors(saved.files["vectors.safetensors"])["vectors"]
            lines = saved.files["templates.jsonl"].decode().split("\n")
            library = TemplateLibrary(LessonTemplate.model_validate_json(line) for line in lines if line)
        except (KeyError, ValueError, SafetensorError) as error:
            raise ArtifactError(f"The index in {folder} cannot be read ({one_line(error)}); build it again.") from error
        if meta.fingerprint != encoder.fingerprint:
            raise ArtifactError(
                f"The index in {folder} was made with the encoder {meta.encoder!r}, not with {encoder.name!r}; "
                "build it again or load that encoder."
            )
        if (
            vectors.shape != (len(library), encoder.dimension)
            or meta.count != len(library)
            or not np.isfinite(vectors).all()
        ):
            raise ArtifactError(f"The index in {folder} holds vectors that do not fit it; build it again.")
        return cls(library, vectors, encoder=encoder)
