"""Searches in PostgreSQL: an exact scan where few rows match, else the HNSW index with its result checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from mtl_core.errors import InputError
from retrieval.stores.postgres_filters import Condition

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from psycopg import Connection
    from psycopg.sql import Composed

__all__ = ["FoundRow", "SearchPlan", "search_rows"]

FoundRow = tuple[str, float, dict[str, Any]]
"""Id, score, payload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """When to search exactly, and how hard to look otherwise.

    Args:
        exact_up_to: Matching rows up to which all are compared.
        exact_share: Share of the table up to which all are compared; restrictive filters cut an HNSW graph apart.
        most_k: ``k`` above which all are compared.
        candidates: Size of the list that HNSW keeps while it looks (``hnsw.ef_search``), at most 1000.

    Raises:
        InputError: If a number is out of range.
    """

    exact_up_to: int = 10_000
    exact_share: float = 0.2
    most_k: int = 100
    candidates: int = 400

    def __post_init__(self) -> None:
        if not (1 <= self.most_k <= 490 and 1 <= self.candidates <= 1000 and self.exact_up_to >= 0):
            raise InputError(
                "A search plan needs most_k of 1 to 490, candidates of 1 to 1000, exact_up_to of 0 or more."
            )


def search_rows(
    connection: Connection[Any],
    table: str,
    queries: NDArray[np.float32],
    *,
    k: int,
    matching: Condition,
    plan: SearchPlan,
) -> list[list[FoundRow]]:
    """Find the nearest rows of each query.

    Args:
        connection: Outside a transaction.
        table: The store's table.
        queries: ``[q, dimension]`` float32 unit vectors.
        k: Most rows a query.
        matching: Compiled filter.
        plan: When to search exactly.

    Returns:
        Rows a query, best first, equal scores by id.
    """
    if not len(queries):
        return []
    if k > plan.most_k or not _many_match(connection, table, matching, plan):
        return _run_exact(connection, table, queries, k=k, matching=matching)
    found = _run_nearby(connection, table, queries, k=k, matching=matching, plan=plan)
    # the graph may end early; the scan then tells whether there really are fewer than k
    short = [place for place, rows in enumerate(found) if len(rows) < k]
    if short:
        again = _run_exact(connection, table, queries[short], k=k, matching=matching)
        for place, rows in zip(short, again, strict=True):
            found[place] = rows
    return found


def _many_match(connection: Connection[Any], table: str, matching: Condition, plan: SearchPlan) -> bool:
    """Whether the HNSW index is there and more rows match than are compared exactly."""
    query = "select reltuples, to_regclass(%s) is not null from pg_class where oid = to_regclass(%s)"
    row = connection.execute(query, (f"{table}_hnsw", table)).fetchone()
    if row is None or not row[1]:
        return False
    most = max(plan.exact_up_to, int(plan.exact_share * max(row[0], 0)))
    expression, parameters = matching
    some = sql.SQL("select count(*) from (select from {} where {} limit %s) as few").format(
        sql.Identifier(table), expression
    )
    counted = connection.execute(some, [*parameters, most + 1]).fetchone()
    return bool(counted and counted[0] > most)


def _exact(table: str, matching: Condition) -> Composed:
    """All matching rows compared in float32; no index has this order, so none is used for it."""
    return sql.SQL(
        "select id, -distance, payload from (select id, payload, vector <#> %b::vector as distance from {} where {})"
        " as compared order by distance, id limit %s"
    ).format(sql.Identifier(table), matching[0])


def _nearby(table: str, matching: Condition, *, dimension: int, candidates: int) -> Composed:
    """Candidates by the HNSW index over half precision, then compared in float32."""
    return sql.SQL(
        "select id, -distance, payload from (select id, payload, vector <#> %b::vector as distance from"
        " (select id, payload, vector from {table} where {condition}"
        " order by (vector::halfvec({dimension})) <#> %b::vector::halfvec({dimension}) limit {candidates}) as nearby)"
        " as compared order by distance, id limit %s"
    ).format(
        table=sql.Identifier(table),
        condition=matching[0],
        dimension=sql.Literal(dimension),
        candidates=sql.Literal(candidates),
    )


def _run_exact(
    connection: Connection[Any], table: str, vectors: NDArray[np.float32], *, k: int, matching: Condition
) -> list[list[FoundRow]]:
    query = _exact(table, matching)
    with connection.transaction(), connection.pipeline():
        cursors = [connection.execute(query, [vector, *matching[1], k]) for vector in vectors]
        return [cursor.fetchall() for cursor in cursors]


def _run_nearby(
    connection: Connection[Any],
    table: str,
    vectors: NDArray[np.float32],
    *,
    k: int,
    matching: Condition,
    plan: SearchPlan,
) -> list[list[FoundRow]]:
    candidates = 2 * k + 20
    query = _nearby(table, matching, dimension=vectors.shape[1], candidates=candidates)
    with connection.transaction(), connection.pipeline():
        # strict_order goes on past ef_search until enough rows pass the filter
        connection.execute("select set_config('hnsw.iterative_scan', 'strict_order', true)")
        connection.execute("select set_config('hnsw.ef_search', %s, true)", (str(max(plan.candidates, candidates)),))
        cursors = [connection.execute(query, [vector, *matching[1], vector, k]) for vector in vectors]
        return [cursor.fetchall() for cursor in cursors]
