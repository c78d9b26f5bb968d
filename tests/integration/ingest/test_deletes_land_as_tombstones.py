"""Rows that are gone from a PostgreSQL table land once more, marked as deleted; a table that was not seen deletes nothing."""

from __future__ import annotations

from typing import Any

import pytest

COLUMNS = {"id": "bigint!", "name": "varchar", "at": "timestamp!", "_deleted": "boolean"}
# The newest version of each row that is not deleted, as docs/ingest.md tells staging to read it.
LIVING = """
    select id, name from {raw}
    qualify row_number() over (partition by id order by _loaded_at desc, _position desc) = 1 and not coalesce(_deleted, false)
    order by id
"""


@pytest.fixture
def table(server: Any) -> Any:
    server.psql("drop table if exists stock cascade; create table stock (id numeric, name text, at timestamptz)")
    return server


def lake_on(lake_of: Any, server: Any, columns: dict[str, str] = COLUMNS, key: tuple[str, ...] = ("id",), **feed: Any) -> Any:
    feed = {"relation": "public.stock", "cursor": "at", "deletes": True, **feed}
    return lake_of(columns, format="postgres", key=key, connection=server.get_uri(), **feed)


def fill(server: Any, count: int, first: int = 1) -> None:
    server.psql(f"insert into stock select n, 'row ' || n, '2025-01-01' from generate_series({first}, {first + count - 1}) as n")


def test_a_deleted_row_lands_marked_once_with_its_last_values(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    fill(table, 3)
    assert lake.ingest().rows_landed == 3
    table.psql("update stock set name = 'last', at = '2025-01-02' where id = 2; delete from stock where id = 1")
    report = lake.ingest()
    assert (report.rows_landed, report.rows_deleted) == (2, 1)
    table.psql("delete from stock where id = 2")
    assert [lake.ingest().rows_deleted for _ in range(2)] == [1, 0]
    assert lake.query("select id, name, _deleted from {raw} where _deleted order by id") == [
        (1, "row 1", True),
        (2, "last", True),
    ]
    assert lake.query(LIVING) == [(3, "row 3")]
    assert lake.query("select sum(rows_landed) from {batches}") == lake.query("select count(*) from {raw}")


def test_a_row_that_comes_back_lives_again(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    fill(table, 2)
    lake.ingest()
    for _ in range(2):
        table.psql("delete from stock where id = 1")
        assert lake.ingest().rows_deleted == 1
        fill(table, 1)
        assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
        assert lake.query(LIVING) == [(1, "row 1"), (2, "row 2")]


def test_a_row_in_quarantine_is_not_gone(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    fill(table, 2)
    lake.ingest()
    table.psql("update stock set name = null, at = null where id = 1; update stock set id = 0.5 where id = 2; ")
    report = lake.ingest()
    assert (report.rows_quarantined, report.rows_deleted) == (2, 1)
    assert lake.query(LIVING) == [(1, "row 1")]


def test_a_refused_row_is_in_quarantine_once(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    fill(table, 1)
    table.psql("insert into stock values (0.5, 'half', '2025-01-01')")
    assert [lake.ingest().rows_quarantined for _ in range(3)] == [1, 0, 0]
    table.psql("insert into stock values (1.5, 'half', '2025-01-01')")
    assert [lake.ingest().rows_quarantined for _ in range(2)] == [1, 0]


@pytest.mark.parametrize(
    ("rows", "gone", "is_told"), [(5, 5, True), (5, 4, False), (30, 15, False), (30, 16, True), (30, 30, True)]
)
def test_a_table_that_was_hardly_seen_deletes_nothing(lake_of: Any, table: Any, rows: int, gone: int, is_told: bool) -> None:
    lake = lake_on(lake_of, table)
    fill(table, rows)
    lake.ingest()
    table.psql(f"delete from stock where id <= {gone}")
    report = lake.ingest()
    assert report.rows_deleted == (0 if is_told else gone)
    if is_told:
        ((where, why),) = report.refused
        assert where == "public.stock"
        assert why.startswith(
            f"{gone} of the {rows} rows of test.rows in the lake are no longer in the table, which has {rows - gone}"
        )
        assert lake.ingest(deletes_limit=1).rows_deleted == gone
    assert lake.ingest().refused == ()


def test_new_rows_land_where_deletions_are_doubted(lake_of: Any, table: Any) -> None:
    lake = lake_on(lake_of, table)
    fill(table, 30)
    lake.ingest()
    table.psql("delete from stock")
    fill(table, 1, first=100)
    report = lake.ingest()
    assert (report.rows_landed, report.rows_deleted, len(report.refused)) == (1, 0, 1)


def test_a_row_of_a_lake_without_the_column_can_be_deleted(lake_of: Any, table: Any) -> None:
    before = {name: kind for name, kind in COLUMNS.items() if name != "_deleted"}
    fill(table, 2)
    assert lake_on(lake_of, table, before, deletes=False).ingest().rows_landed == 2
    table.psql("delete from stock where id = 1")
    lake = lake_on(lake_of, table)
    assert [lake.ingest().rows_landed for _ in range(2)] == [1, 0]
    assert lake.query(LIVING) == [(2, "row 2")]


@pytest.mark.parametrize(
    ("columns", "key"),
    [(COLUMNS, ()), ({**COLUMNS, "_deleted": "varchar"}, ("id",)), ({"id": "bigint", "at": "timestamp"}, ("id",))],
)
def test_deletes_need_a_key_and_a_column(lake_of: Any, table: Any, columns: dict[str, str], key: tuple[str, ...]) -> None:
    ((_, why),) = lake_on(lake_of, table, columns, key).ingest().refused
    assert why.startswith("`deletes` needs a key and a boolean column _deleted in the contract test.rows")


def test_a_column_of_that_name_in_the_table_is_not_overwritten(lake_of: Any, table: Any) -> None:
    table.psql("alter table stock add _deleted boolean")
    ((_, why),) = lake_on(lake_of, table).ingest().refused
    assert why.startswith("`deletes` writes _deleted, and the table has such a column itself")
    assert lake_on(lake_of, table, deletes=False).ingest().refused == ()
