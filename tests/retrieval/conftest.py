"""Small stand-ins for the search: an encoder without a network, and templates made by hand."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import settings
from servers import milvus_lite_server, postgres_server

from mtl_core.encoder import EncodedTexts
from retrieval import LessonTemplate

# a busy machine is no error, so no example has a time limit
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class HashEncoder:
    """Unit vectors drawn from the hash of a text: the same text always gives the same vector."""

    def __init__(self, *, dimension: int = 8, name: str = "hash", fingerprint: str = "hash-8") -> None:
        self.dimension = dimension
        self.name = name
        self.fingerprint = fingerprint

    def encode(self, texts: Sequence[str], *, layers: Sequence[int] = ()) -> EncodedTexts:
        rows = [self._vector(text) for text in texts]
        vectors = np.stack(rows) if rows else np.zeros((0, self.dimension), np.float32)
        return EncodedTexts(vectors, np.zeros((len(rows), 0, self.dimension), np.float32), np.zeros(len(rows), bool))

    def _vector(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)


@pytest.fixture(scope="session")
def hash_encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="session")
def template() -> Callable[..., LessonTemplate]:
    """A valid template; keyword arguments replace fields."""

    def make(**fields: object) -> LessonTemplate:
        valid = {
            "id": "quick-quiz",
            "title": "Quick quiz",
            "summary": "Pupils answer two questions.",
            "text": "Pupils answer two questions on {topic}.",
            "steps": ["Ask.", "Collect."],
            "minutes": 5,
            "subjects": ["any"],
            "grades": {"from": 0, "to": 13},
            "measures": ["exit_assessment"],
            "placement": "end",
            "licence": "CC BY 4.0",
        }
        return LessonTemplate.model_validate(valid | fields)

    return make


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def milvus_address() -> Iterator[str]:
    with milvus_lite_server() as url:
        yield url


@pytest.fixture
def postgres(postgres_address: str) -> str:
    """A table of its own."""
    return f"{postgres_address}{'&' if '?' in postgres_address else '?'}table={_name()}"


@pytest.fixture
def milvus(milvus_address: str) -> str:
    """A collection of its own."""
    return f"{milvus_address}/{_name()}"


def _name() -> str:
    return f"t_{uuid.uuid4().hex[:12]}"
