"""Every setting of a search, as one validated file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mtl_core.errors import InputError
from mtl_core.saved import write_atomic
from retrieval.fusion import FusionMethod
from retrieval.lexical import ALL_FIELDS
from retrieval.query import UnderstandingMode
from retrieval.spelling import SpellingConfig

__all__ = ["CONTEXT_FIELD", "LegWeights", "SearchConfig"]

CONTEXT_FIELD = "context"
"""Name under which the words of ``context_metadata`` are scored."""

Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


class LegWeights(BaseModel):
    """How much each leg of a hybrid search counts.

    Args:
        dense: Weight of the vectors.
        bm25: Weight of the words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dense: Weight = 0.5
    bm25: Weight = 0.5

    @model_validator(mode="after")
    def _one_counts(self) -> LegWeights:
        if self.dense + self.bm25 <= 0:
            raise ValueError("both weights are 0; give one of them a weight above 0")
        return self


class SearchConfig(BaseModel):
    """How documents are indexed and queries are answered.

    Args:
        title_field: The field that names a document; its text opens what is encoded.
        context_metadata: Metadata whose words are searched too: what a document belongs to.
        field_weights: Weight by field in word search; ``*`` is all text as one field, ``context`` the
            words of ``context_metadata``.
        language: Snowball language of the stemmer.
        k1: BM25: how soon repeats of a word stop counting.
        b: BM25: how much a long text is marked down.
        spelling: How readily words of a query are read as others.
        fusion: How the two legs are joined.
        leg_weights: How much each leg counts.
        candidates: How many results of each leg are joined.
        rank_offset: Constant of reciprocal rank fusion.
        understanding: What is done with subject, grade and minutes in a query.
        boost: Share by which a document that fits the understanding gains.
        duplicates_from: Cosine from which two results are near-identical and shown as one; ``None`` keeps all.
        snippet_characters: Longest snippet.
        most_lexical_documents: Larger collections are searched by vectors alone; word search is in memory.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    title_field: str = "title"
    context_metadata: tuple[str, ...] = ("unit", "topic", "subjects", "subject")
    field_weights: Mapping[str, Weight] = {ALL_FIELDS: 1.0, "title": 0.7, CONTEXT_FIELD: 0.3}
    language: str = "english"
    k1: float = Field(default=1.5, gt=0, le=10)
    b: float = Field(default=0.75, ge=0, le=1)
    spelling: SpellingConfig = SpellingConfig()
    fusion: FusionMethod = "min_max"
    leg_weights: LegWeights = LegWeights()
    candidates: int = Field(default=100, ge=1, le=10_000)
    rank_offset: int = Field(default=60, ge=0)
    understanding: UnderstandingMode = "boost"
    boost: float = Field(default=0.2, ge=0, le=10)
    duplicates_from: float | None = Field(default=0.99, gt=0, le=1)
    snippet_characters: int = Field(default=240, ge=20, le=10_000)
    most_lexical_documents: int = Field(default=500_000, ge=0)

    @classmethod
    def load(cls, path: str | Path) -> SearchConfig:
        """Read a file of settings.

        Args:
            path: A JSON file; settings that it leaves out keep their defaults.

        Returns:
            The settings.

        Raises:
            InputError: If the file cannot be read or a setting is unknown or out of range.
        """
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            raise InputError(f"{path} cannot be read ({error.strerror}); name a JSON file of settings.") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise InputError(f"{path}: {where}: {first['msg']}; mend it or leave it out.") from error

    def save(self, path: str | Path) -> None:
        """Write the settings as JSON, atomically.

        Args:
            path: The file; its folder must exist.
        """
        write_atomic(Path(path), (self.model_dump_json(indent=2) + "\n").encode())
