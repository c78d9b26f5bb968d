"""A table of a real PostgreSQL server, read onwards from its cursor column, nothing lost and nothing doubled."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from deltalake import CommitProperties, DeltaTable, Transaction

COLUMNS = {"id": "bigint!", "name": "varchar", "price": "decimal(12,2)", "updated_at": "timestamp!"}


@pytest.fixture
def table(server: Any) -> Any:
    server.psql(
        "drop table if exists goods cascade;"
        " create table goods (id bigint, name text, price numeric(12,2), updated_at timestamptz)"
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
    insert(table, "(2, 'b', 1, '2025-01-01 09:58Z')", "(3, 'c', 1, '2025-01-01 08:58Z')")
    assert lake.ingest(lookback=0).rows_read == 0
    assert lake.ingest().rows_landed == 1
    assert lake.ingest(lookback=7200).rows_landed == 1
    assert lake.ingest(lookback=7200).rows_read == 0


def test_a_number_that_was_committed_late_is_found(lake_of: Any, table: Any) -> None:
    insert(table, "(5000, 'a', 1, '2025-01-01')")
    lake = lake_on(lake_of, table, cursor="id")
    lake.ingest()
    insert(table, "(4100, 'b', 1, '2025-01-01')", "(3900, 'c', 1, '2025-01-01')")
    assert lake.ingest(lookback=0).rows_read == 0
    assert lake.ingest().rows_landed == 1
    assert lake.query("select id from {raw} order by id") == [(4100,), (5000,)]


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
    assert "column name is text" in other.ingest().refused[0][1]


NULLABLE = {**COLUMNS, "updated_at": "timestamp"}


def versions_of(lake: Any, number: int) -> list[tuple[Any, ...]]:
    """The names of a row's versions, the oldest first."""
    found: list[tuple[Any, ...]] = lake.query(f"select name from {{raw}} where id = {number} order by _loaded_at, _position")
    return found


def test_a_row_without_a_cursor_lands_once_and_again_if_it_changed(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table, NULLABLE, key=("id",))
    insert(table, "(1, 'a', 1, '2025-01-01 10:00Z')", "(2, 'old', 1, null)")
    assert [lake.ingest().rows_landed for _ in range(3)] == [2, 0, 0]
    table.psql("update goods set name = 'new' where id = 2")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    table.psql("update goods set name = 'old' where id = 2")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    table.psql("update goods set updated_at = '2025-01-02 10:00Z' where id = 2")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    table.psql("update goods set updated_at = null where id = 2")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert versions_of(lake, 2) == [("old",), ("new",), ("old",), ("old",), ("old",)]


def test_rows_of_a_key_that_is_not_unique_do_not_land_in_turns(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table, NULLABLE, key=("id",))
    insert(table, "(1, 'a', 1, null)", "(1, 'b', 1, null)", "(1, 'c', 1, '2025-01-01')")
    assert [lake.ingest().rows_landed for _ in range(3)] == [3, 0, 0]


@pytest.mark.parametrize("at", ["'2025-01-01'", "null"])
def test_equal_rows_of_a_log_are_counted(lake_of: Any, table: Any, at: str) -> None:
    lake = lake_on(lake_of, table, NULLABLE)
    insert(table, *[f"(1, 'a', 1, {at})"] * 2)
    assert [lake.ingest().rows_landed for _ in range(2)] == [2, 0]
    insert(table, *[f"(1, 'a', 1, {at})"] * 3)
    assert [lake.ingest().rows_landed for _ in range(2)] == [3, 0]


def test_equal_rows_in_quarantine_are_counted(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(null, 'a', 1, '2025-01-01')")
    assert [lake.ingest().rows_quarantined for _ in range(2)] == [1, 0]
    insert(table, "(null, 'a', 1, '2025-01-01')")
    assert [lake.ingest().rows_quarantined for _ in range(2)] == [1, 0]


AHEAD = ("2099-01-01 00:00Z", "infinity")


@pytest.mark.parametrize("ahead", AHEAD)
def test_a_cursor_in_the_future_is_told_and_hides_no_later_row(lake_of: Any, table: Any, ahead: str) -> None:
    lake = lake_on(lake_of, table)
    insert(table, f"(1, 'a', 1, '{ahead}')", "(2, 'b', 1, '2025-01-01')")
    first = lake.ingest()
    assert first.rows_read == 2
    assert "1 row of public.goods with a updated_at in the future" in first.warnings[0]
    insert(table, "(3, 'c', 1, '2025-06-01')")
    assert lake.ingest().rows_landed == 1
    assert lake.ingest().rows_read == 0
    insert(table, "(4, 'd', 1, now())")
    assert lake.ingest().rows_landed == 1
    (told,) = lake.query("select distinct warnings[1] like '%in the future%' from {batches}")
    assert told == (True,)


def test_a_clock_that_is_hours_ahead_hides_no_row_and_warns_of_none(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1, now() + interval '14 hours')")
    assert lake.ingest().warnings == ()
    insert(table, "(2, 'b', 1, now())")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("kind", ["timestamp", "date"])
def test_other_types_of_times_are_cursors_too(lake_of: Any, table: Any, kind: str) -> None:
    table.psql(f"alter table goods alter updated_at type {kind}")
    lake = lake_on(lake_of, table, {**COLUMNS, "updated_at": f"{kind}!"})
    insert(table, "(1, 'a', 1, '2025-01-01')", "(2, 'b', 1, '2099-01-01')", "(3, 'c', 1, '0044-03-15 BC')")
    report = lake.ingest()
    assert (report.rows_landed, report.rows_quarantined, len(report.warnings)) == (2, 1, 1)
    insert(table, "(4, 'd', 1, '2025-01-01')", "(5, 'e', 1, '2024-01-01')")
    assert lake.ingest().rows_landed == 1
    assert lake.ingest().rows_read == 0


def test_a_cursor_that_an_older_version_left_in_the_future_comes_back(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1, '2025-01-01')", "(2, 'b', 1, '2099-01-01')")
    lake.ingest()
    far = int(datetime(2099, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    raw = DeltaTable(str(lake.root / "lake" / "raw" / "test" / "rows"))
    marks = CommitProperties(app_transactions=[Transaction("cursor:updated_at", far)])
    raw.create_write_transaction([], "append", raw.schema(), commit_properties=marks)
    insert(table, "(3, 'c', 1, '2025-02-01')")
    report = lake.ingest()
    assert report.rows_landed == 1
    assert "was in the future" in report.warnings[1]
    assert len(lake.ingest().warnings) == 1


def test_another_cursor_lands_nothing_twice(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    insert(table, "(1, 'a', 1, '2025-01-01')", "(2, 'b', 1, '2025-01-01')")
    lake.ingest()
    insert(table, "(3, 'c', 1, '2020-01-01')")
    assert lake.ingest(cursor="id").rows_landed == 1


def test_a_column_that_is_added_lands_with_the_rows_that_are_read_again(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table, NULLABLE, key=("id",))
    insert(table, "(1, 'a', 1, null)", "(2, 'b', 1, null)")
    lake.ingest()
    table.psql("alter table goods add size int; update goods set size = 7 where id = 1")
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert lake.query("select id, size from {raw} where size is not null") == [(1, "7")]


ODD = '"Sales 2025"."Order.Lines ""new"" "'


def test_views_partitions_and_odd_names(lake_of: Any, table: Any) -> None:
    table.psql(f"""
        drop schema if exists "Sales 2025" cascade;
        create schema "Sales 2025";
        create table {ODD} (id bigint, name text, price numeric, updated_at timestamptz) partition by range (id);
        create table "Sales 2025".low partition of {ODD} for values from (0) to (10);
        create table "Sales 2025".high partition of {ODD} for values from (10) to (20);
        insert into {ODD} values (1, 'a', 1, '2025-01-01'), (11, 'b', 'NaN', '2025-01-02');
        create view "Sales 2025".seen as select * from {ODD} where id = 1;
    """)
    whole = lake_on(lake_of, table, relation=ODD).ingest()
    assert (whole.rows_landed, whole.rows_quarantined, whole.refused) == (1, 1, ())
    assert lake_on(lake_of, table, relation="Sales 2025.seen").ingest().rows_read == 0  # it has landed from the table


@pytest.mark.parametrize("relation", ["public.nothing", "nowhere.goods", "Public.goods"])
def test_a_relation_that_does_not_exist_is_told_as_such(lake_of: Any, table: Any, relation: str) -> None:
    ((_, why),) = lake_on(lake_of, table, relation=relation).ingest().refused
    assert why == f"the table or view does not exist, or this user may not see it (PostgreSQL table {relation})"


def test_what_the_server_says_while_it_reads_is_told_in_its_words(lake_of: Any, table: Any) -> None:
    table.psql("create view broken as select id, name, 1 / (id - id) as price, updated_at from goods")
    insert(table, "(1, 'a', 1, '2025-01-01')")
    ((_, why),) = lake_on(lake_of, table, relation="public.broken").ingest().refused
    assert why == "cannot be read: division by zero (PostgreSQL table public.broken)"


def test_a_database_in_another_encoding(lake_of: Any, server: Any) -> None:
    server.psql("create database latin encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'")
    uri = server.get_uri("latin")
    statements = r"create table goods as select 0::bigint as id, E'caf\u00e9' as name, now() as updated_at"
    subprocess.run([server.bin_path / "psql", uri, "-q", "-c", statements], check=True)
    columns = {"id": "bigint!", "name": "varchar", "updated_at": "timestamp"}
    lake = lake_of(columns, format="postgres", connection=uri, relation="goods", cursor="updated_at")
    lake.ingest()
    assert lake.query("select name from {raw}") == [("café",)]
