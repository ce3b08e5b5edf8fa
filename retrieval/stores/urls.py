"""One address for every store: ``faiss:``, ``memory:``, ``postgresql://`` and ``milvus://``."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from mtl_core.errors import InputError
from retrieval.stores.base import Store, StoreSpec

__all__ = ["STORE_SCHEMES", "check_store_url", "open_store", "server_of"]

STORE_SCHEMES = (
    "faiss:FOLDER",
    "memory:",
    "postgresql://USER@HOST/DATABASE?table=TABLE",
    "milvus://HOST:PORT/COLLECTION",
)

_DRIVERS = {"postgresql": ("psycopg", "psycopg_pool", "pgvector"), "milvus": ("pymilvus",)}
_EXTRAS = {"postgresql": "postgres", "milvus": "milvus"}
_SCHEME = re.compile(r"([a-z][a-z+]*):")
_DEFAULT_NAME = "lessons"


def open_store(url: str, *, dimension: int, fingerprint: str, create: bool = True) -> Store:
    """Open the store at an address.

    Args:
        url: ``faiss:FOLDER``, ``memory:`` (FAISS without a folder), ``postgresql://...`` with the
            table as ``?table=``, or ``milvus://host:port/collection``. Table and collection are
            ``lessons`` where none is named.
        dimension: Numbers in a vector.
        fingerprint: Fingerprint of the encoder that makes the vectors.
        create: Whether a store that is not there is made.

    Returns:
        The open store.

    Raises:
        InputError: If the address cannot be used or an extra is not installed.
        ArtifactError: If the store cannot be reached, is not there, is damaged, or holds vectors of
            another encoder.
    """
    scheme = check_store_url(url)
    spec = StoreSpec(dimension=dimension, fingerprint=fingerprint)
    match scheme:
        case "memory" | "faiss":
            from retrieval.stores.faiss_store import FaissStore  # noqa: PLC0415 - only what the address needs

            path = Path(url.removeprefix("faiss:")).expanduser() if scheme == "faiss" else None
            return FaissStore.open(path, spec=spec, create=create)
        case "postgresql":
            from retrieval.stores.postgres import PostgresStore  # noqa: PLC0415 - an extra

            address, table = _without_table(url)
            return PostgresStore.open(address, spec=spec, table=table, create=create)
        case _:
            from retrieval.stores.milvus import MilvusStore  # noqa: PLC0415 - an extra

            parts = urlsplit(url)
            return MilvusStore.open(
                f"{parts.hostname}:{parts.port or 19530}",
                spec=spec,
                collection=parts.path.strip("/") or _DEFAULT_NAME,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                secure=dict(parse_qsl(parts.query)).get("secure") == "true",
                create=create,
            )


def check_store_url(url: str) -> str:
    """Check an address without connecting.

    Args:
        url: The address.

    Returns:
        Its scheme: ``faiss``, ``memory``, ``postgresql`` or ``milvus``.

    Raises:
        InputError: If the address cannot be used or an extra is not installed.
    """
    found = _SCHEME.match(url)
    scheme = found.group(1) if found else ""
    if scheme in {"postgres", "postgresql+psycopg"}:
        raise InputError(f"The address begins with {scheme}:; write postgresql:// instead.")
    if scheme in {"faiss", "memory"}:
        rest = url.partition(":")[2]
        if scheme == "faiss" and not rest.strip("/"):
            raise InputError("The address faiss: names no folder; write faiss:FOLDER.")
        if scheme == "memory" and rest:
            raise InputError(f"The address memory: takes nothing after the colon, and has {rest[:40]!r}.")
        return scheme
    if scheme not in _DRIVERS:
        shown = f"{scheme}:" if scheme else "nothing of the kind"
        raise InputError(f"A store's address begins with one of {', '.join(STORE_SCHEMES)}; this one with {shown}.")
    _check_server(url, scheme)
    missing = [name for name in _DRIVERS[scheme] if find_spec(name) is None]
    if missing:
        raise InputError(
            f"A {scheme} store needs {missing[0]}, which is not installed; "
            f'run: pip install "lesson-nudge[{_EXTRAS[scheme]}]"'
        )
    return scheme


def server_of(url: str) -> str:
    """The server of an address for people to read.

    Args:
        url: An address.

    Returns:
        Host, port and database or collection, without user, password and options.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2] or dict(parse_qsl(parts.query)).get("host", "localhost")
    return f"{host}{parts.path}".rstrip("/")


def _check_server(url: str, scheme: str) -> None:
    # the address is never shown whole: it may hold a password
    form = next(form for form in STORE_SCHEMES if form.startswith(scheme))
    if not url.startswith(f"{scheme}://"):
        raise InputError(f"The address of a {scheme} store has the form {form}.")
    if scheme == "postgresql":
        return
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InputError(f"The port of the {scheme} address cannot be read; write {form}.") from None
    if port == 0 or not parts.hostname:
        raise InputError(f"The {scheme} address names no host and port; write {form}.")


def _without_table(url: str) -> tuple[str, str]:
    """A libpq address and the table that the query named."""
    parts = urlsplit(url)
    options = parse_qsl(parts.query, keep_blank_values=True)
    tables = [value for key, value in options if key == "table"]
    if len(tables) > 1:
        raise InputError("The postgresql address names more than one table; keep one.")
    rest = urlencode([(key, value) for key, value in options if key != "table"], quote_via=quote)
    return urlunsplit(parts._replace(query=rest)), tables[0] if tables else _DEFAULT_NAME
