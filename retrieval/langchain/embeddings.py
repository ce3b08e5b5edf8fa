"""The shared encoder as LangChain embeddings: the vectors that search and the quality heads see."""

from __future__ import annotations

from threading import Lock

from langchain_core.embeddings import Embeddings

from mtl_core.encoder import SharedEncoder
from retrieval.search_dense import QueryEncoder

__all__ = ["LessonEmbeddings", "fingerprint_of"]


class LessonEmbeddings(Embeddings):
    """Unit vectors of the shared encoder as lists of Python floats.

    Queries and documents are encoded alike. The asynchronous methods run in LangChain's executor, so
    they do not block the event loop. One pass runs at a time: whether texts are cut is a setting of the
    tokenizer, which two threads would change under each other.

    Args:
        encoder: The encoder; ``None`` loads the embedded one.
    """

    def __init__(self, encoder: QueryEncoder | None = None) -> None:
        self._encoder: QueryEncoder = SharedEncoder.load() if encoder is None else encoder
        self._one_pass = Lock()

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the encoder, which a store keeps beside its vectors."""
        return self._encoder.fingerprint

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Encode texts.

        Args:
            texts: n texts; what is longer than the encoder's token budget is cut.

        Returns:
            n unit vectors of ``dimension`` floats, in order.
        """
        with self._one_pass:
            vectors: list[list[float]] = self._encoder.encode(texts).vectors.tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Encode one text.

        Args:
            text: The text.

        Returns:
            A unit vector of ``dimension`` floats.
        """
        return self.embed_documents([text])[0]


def fingerprint_of(embedding: Embeddings) -> str:
    """What tells vectors of one embedding from those of another.

    Args:
        embedding: Any LangChain embeddings.

    Returns:
        Its own ``fingerprint`` where it has one, as ``LessonEmbeddings`` does; else its class with the
        name of its model, which cannot notice changed weights behind the same name.
    """
    own = getattr(embedding, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    kind = type(embedding)
    model = next((str(value) for name in ("model", "model_name") if (value := getattr(embedding, name, None))), "")
    return f"{kind.__module__}.{kind.__qualname__}:{model}"
