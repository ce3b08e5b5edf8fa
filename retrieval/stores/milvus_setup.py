"""Connections to Milvus, the collection of a store, and errors of the server in one sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import grpc
from pymilvus import DataType, MilvusClient, MilvusException

from mtl_core.errors import ArtifactError, InputError, one_line
from retrieval.stores.base import MOST_ID_BYTES, StoreSpec
from retrieval.stores.milvus_rows import MOST_TEXT_BYTES, key_of
from retrieval.stores.milvus_terms import MOST_TERMS

__all__ = [
    "CALL_SECONDS",
    "SCHEMA_VERSION",
    "IndexType",
    "checked_collection",
    "connect",
    "index_type",
    "milvus_errors",
    "prepare_collection",
    "set_index",
]

SCHEMA_VERSION = 1
CALL_SECONDS = 120.0
"""Seconds that one call may take, repeats within the client included."""

IndexType = Literal["FLAT", "HNSW"]

_REGISTRY = "lesson_nudge_stores"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CONNECT_SECONDS = 10.0
_TERM_DIGITS = 24
_HNSW = {"M": 16, "efConstruction": 128}


def checked_collection(name: str) -> str:
    """A collection name that Milvus takes.

    Args:
        name: The name.

    Returns:
        The same.

    Raises:
        InputError: If it cannot be used.
    """
    if not _NAME.fullmatch(name) or name == _REGISTRY:
        raise InputError(
            f"{name[:60]!r} is no collection name; give at most 128 letters, digits and underscores, a letter first."
        )
    return name


@contextmanager
def milvus_errors(server: str) -> Iterator[None]:
    """Turn an error of the server into one sentence.

    Args:
        server: Host and port.

    Raises:
        ArtifactError: In place of the client's error.
    """
    try:
        yield
    except (MilvusException, grpc.RpcError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        message = one_line(Exception(getattr(error, "message", "") or str(error)))
        raise ArtifactError(
            f"The Milvus server {server} did not do what was asked ({message}); check that it runs and the address."
        ) from error


def connect(server: str, *, user: str, password: str, secure: bool) -> MilvusClient:
    """Connect to a server.

    Args:
        server: Host and port.
        user: User name, empty for none.
        password: Password, empty for none.
        secure: Whether to use TLS.

    Returns:
        The client.

    Raises:
        ArtifactError: If the server cannot be reached.
    """
    with milvus_errors(server):
        return MilvusClient(
            uri=f"{'https' if secure else 'http'}://{server}",
            user=user,
            password=password,
            timeout=_CONNECT_SECONDS,
            dedicated=True,
        )


def prepare_collection(client: MilvusClient, *, server: str, collection: str, spec: StoreSpec, create: bool) -> None:
    """Make the store's collection or check that it is this store's.

    Args:
        client: The client.
        server: Host and port, for errors.
        collection: The collection.
        spec: What it holds.
        create: Whether a missing collection is made.

    Raises:
        ArtifactError: If it is missing or belongs to another store.
    """
    with milvus_errors(server):
        registered = _registered(client, collection)
        there = client.has_collection(collection, timeout=CALL_SECONDS)
        if registered is None and there:
            raise ArtifactError(
                f"The collection {collection} at {server} is no store of this program; name another collection."
            )
        if not there and not create:
            raise ArtifactError(
                f"There is no collection {collection} at {server}; index something first or check the name."
            )
        if registered is None:
            _register(client, collection, spec)
            registered = _registered(client, collection)
        _check_same(registered or {}, server=server, collection=collection, spec=spec)
        if not there:
            _create(client, collection, spec)
        client.load_collection(collection, timeout=CALL_SECONDS)


def index_type(client: MilvusClient, collection: str) -> IndexType:
    """The kind of index that a collection has.

    Args:
        client: The client.
        collection: The collection.

    Returns:
        ``FLAT`` or ``HNSW``.
    """
    described = client.describe_index(collection, "vector", timeout=CALL_SECONDS) or {}
    return "HNSW" if described.get("index_type") == "HNSW" else "FLAT"


def set_index(client: MilvusClient, collection: str, kind: IndexType) -> None:
    """Replace a collection's index; searches of others fail until it is loaded again.

    Args:
        client: The client.
        collection: The collection.
        kind: The kind.
    """
    client.flush(collection, timeout=CALL_SECONDS)
    client.release_collection(collection, timeout=CALL_SECONDS)
    client.drop_index(collection, "vector", timeout=CALL_SECONDS)
    client.create_index(collection, _index_parameters(client, kind))
    client.load_collection(collection)


def _index_parameters(client: MilvusClient, kind: IndexType) -> Any:
    parameters = client.prepare_index_params()
    parameters.add_index("vector", index_type=kind, metric_type="IP", params=_HNSW if kind == "HNSW" else {})
    return parameters


def _create(client: MilvusClient, collection: str, spec: StoreSpec) -> None:
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=2 * MOST_ID_BYTES)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=spec.dimension)
    schema.add_field("payload", DataType.VARCHAR, max_length=MOST_TEXT_BYTES)
    schema.add_field(
        "terms", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=MOST_TERMS, max_length=_TERM_DIGITS
    )
    schema.add_field("numbers", DataType.JSON)
    _create_collection(client, collection, schema, _index_parameters(client, "FLAT"))


def _registered(client: MilvusClient, collection: str) -> dict[str, Any] | None:
    if not client.has_collection(_REGISTRY, timeout=CALL_SECONDS):
        return None
    client.load_collection(_REGISTRY, timeout=CALL_SECONDS)
    rows = client.query(
        _REGISTRY,
        filter=f'id == "{key_of(collection)}"',
        output_fields=["about"],
        consistency_level="Strong",
        timeout=CALL_SECONDS,
    )
    return dict(json.loads(rows[0]["about"])) if rows else None


def _register(client: MilvusClient, collection: str, spec: StoreSpec) -> None:
    if not client.has_collection(_REGISTRY, timeout=CALL_SECONDS):
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=512)
        schema.add_field("about", DataType.VARCHAR, max_length=2000)
        # Milvus wants a vector in every collection
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
        _create_collection(client, _REGISTRY, schema, _index_parameters(client, "FLAT"))
    about = {"schema_version": SCHEMA_VERSION, "dimension": spec.dimension, "fingerprint": spec.fingerprint}
    row = {"id": key_of(collection), "about": json.dumps(about), "vector": [1.0, 0.0]}
    client.upsert(_REGISTRY, [row], timeout=CALL_SECONDS)


def _create_collection(client: MilvusClient, name: str, schema: Any, index: Any) -> None:
    try:
        client.create_collection(
            name, schema=schema, index_params=index, consistency_level="Strong", timeout=CALL_SECONDS
        )
    except MilvusException:
        # another opener was faster
        if not client.has_collection(name, timeout=CALL_SECONDS):
            raise


def _check_same(registered: dict[str, Any], *, server: str, collection: str, spec: StoreSpec) -> None:
    version = registered.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ArtifactError(
            f"The collection {collection} at {server} has schema version {version}; this program reads "
            f"{SCHEMA_VERSION}. Use the version that made it, or index again into another collection."
        )
    dimension, fingerprint = registered.get("dimension"), str(registered.get("fingerprint"))
    if fingerprint != spec.fingerprint or dimension != spec.dimension:
        raise ArtifactError(
            f"The collection {collection} at {server} holds {dimension}-dimensional vectors of another encoder "
            f"({fingerprint[:12]}…, not {spec.fingerprint[:12]}…); load that encoder or name another collection."
        )
