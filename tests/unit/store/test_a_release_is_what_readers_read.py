"""The file for readers is made of the public relations of what dbt built, keeps all that is said about them, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from tests.helpers.candidates import answers_alone

from sluice.core.duck import identifier
from sluice.core.errors import SluiceError
from sluice.store import extract, standalone

BUILT = """
create schema core; create schema private; create schema "an odd ""one"" here";
create type core.mood as enum ('glad', 'sad');
create sequence private.numbers;
create table private.rest as select range as id, 'secret ' || range as who from range(20000);
create table core.shops (shop_id bigint primary key, name varchar not null default 'none', check (name <> ''));
insert into core.shops select range, 'shop ' || range from range(3);
create table core.orders (
    order_id bigint not null, "Amount" decimal(18, 4), tags varchar[], ordered_at timestamp with time zone, mood core.mood,
    shop_id bigint references core.shops (shop_id)
);
insert into core.orders select 9 - range, range / 3, [range], '2026-01-01 00:00:00+00', 'sad', range % 3 from range(10);
create index by_amount on core.orders ("Amount");
create table core.of_private (id bigint default nextval('private.numbers'), twice bigint generated always as (id * 2));
insert into core.of_private values (1), (2);
create table "an odd ""one"" here"."a ""table"" there" as select 1 as "a ""column"" too";
create view core.of_orders as select order_id from core.orders;
create view core.of_rest (one, two) as select id, who from private.rest where id < 5;
create view core.on_of_rest as select count(*) as n from core.of_rest;
create view core.on_both as select * from core.on_of_rest, core.of_orders;
create view private.hidden as select * from core.orders;
create macro private.twice(x) as x * 2;
create view core.by_macro as select private.twice(order_id) as n from core.orders;
comment on table core.orders is 'It''s one row per order.';
comment on column core.orders."Amount" is 'In EUR.';
comment on view core.of_rest is 'Some.';
comment on column core.on_both.n is 'Whose.';
comment on view core.of_orders is 'Their numbers.';
"""
TABLES = ["core.shops", "core.orders", "core.of_private", 'an odd "one" here.a "table" there']
VIEWS = ["core.of_orders", "core.on_of_rest", "core.on_both"]
# What they read is not public.
BECOME_TABLES = ["core.of_rest", "core.by_macro"]
PUBLIC = frozenset([*TABLES, *VIEWS, *BECOME_TABLES])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What dbt built, and the file for readers that was made of it."""
    root = tmp_path_factory.mktemp("files")
    built, file = root / "work.duckdb", root / "warehouse.duckdb"
    with duckdb.connect(str(built)) as connection:
        connection.execute(BUILT)
    extract.extract(built, file, PUBLIC)
    return built, file


@pytest.fixture
def both(files: tuple[Path, Path]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both, in a connection."""
    with duckdb.connect() as connection:
        for name, file in zip(("built", "release"), files, strict=True):
            connection.execute(f"attach '{file}' as {name} (read_only)")
        yield connection


def there(connection: duckdb.DuckDBPyConnection, kind: str) -> set[str]:
    found = connection.execute(
        f"select schema_name || '.' || {kind}_name from duckdb_{kind}s() where database_name = 'release' and not internal"
    ).fetchall()
    return {name for (name,) in found}


def test_it_has_the_public_relations_and_nothing_else(files: tuple[Path, Path], both: duckdb.DuckDBPyConnection) -> None:
    assert there(both, "table") == {*TABLES, *BECOME_TABLES}
    assert there(both, "view") == {*VIEWS}
    assert answers_alone(sys.executable, files[1]).keys() == PUBLIC
    assert b"secret 19999" not in files[1].read_bytes()
    assert [path.name for path in files[1].parent.glob("warehouse.duckdb*")] == ["warehouse.duckdb"]


def test_rows_are_the_same_and_those_of_tables_in_the_same_order(both: duckdb.DuckDBPyConnection) -> None:
    for name in sorted(PUBLIC):
        schema, _, relation = name.rpartition(".")
        place = f"{identifier(schema)}.{identifier(relation)}"
        made, built = (both.execute(f"from {side}.{place}").fetchall() for side in ("release", "built"))
        assert made == built if name in TABLES else sorted(made) == sorted(built), name
        described = (both.execute(f"describe {side}.{place}").fetchall() for side in ("release", "built"))
        types = [[(column[0], column[1]) for column in one] for one in described]
        assert types[0] == types[1]


def test_constraints_indexes_and_comments_are_kept(both: duckdb.DuckDBPyConnection) -> None:
    def said(sql: str) -> list[list[tuple[str, ...]]]:
        return [both.execute(sql.replace("{}", side)).fetchall() for side in ("release", "built")]

    of_tables = """
        select schema_name, table_name, constraint_text from duckdb_constraints()
        where database_name = '{}' and table_name in ('shops', 'orders') order by all
    """
    made, built = said(of_tables)
    assert len(made) == 6
    assert made == built
    made, built = said("select index_name, sql from duckdb_indexes() where database_name = '{}'")
    assert made == built
    assert len(made) == 1
    comments = """
        from (
            select database_name, schema_name, table_name, column_name, comment from duckdb_columns()
            union all select database_name, schema_name, table_name, '', comment from duckdb_tables()
            union all select database_name, schema_name, view_name, '', comment from duckdb_views()
        )
        select * exclude database_name where database_name = '{}' and comment is not null order by all
    """
    made, built = said(comments)
    assert made == built
    assert len(made) == 5


def test_a_release_is_hardly_larger_than_its_tables(tmp_path: Path) -> None:
    built, file, alone = (tmp_path / f"{name}.duckdb" for name in ("work", "warehouse", "alone"))
    large = "create table {} as select range as id, hash(range) as noise, 'text ' || range as said from range(300000)"
    for path, names in ((built, ("s.public", "s.hidden", "s.other")), (alone, ("s.public",))):
        with duckdb.connect(str(path)) as connection:
            connection.execute("; ".join(["create schema s", *(large.replace("{}", name) for name in names)]))
    extract.extract(built, file, frozenset(["s.public"]))
    assert file.stat().st_size <= 1.1 * alone.stat().st_size
    assert file.stat().st_size < 0.4 * built.stat().st_size


def test_a_file_that_is_not_what_dbt_built_is_no_release(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(file: Path) -> None:
        with duckdb.connect(str(file)) as connection:
            connection.execute("update core.shops set name = 'another' where shop_id = 1")
        check(file)

    check = standalone.check
    monkeypatch.setattr(standalone, "check", spoilt)
    with pytest.raises(SluiceError, match=r"core\.shops is not what dbt built"):
        extract.extract(files[0], tmp_path / "warehouse.duckdb", PUBLIC)


@pytest.fixture
def next_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, extract.Before, list[str]]:
    """A work file of two large tables and a small one, the release of it, and the tables that are written from now on."""
    work, first = tmp_path / "work.duckdb", tmp_path / "first.duckdb"
    with duckdb.connect(str(work)) as connection:
        connection.execute("""
            create schema s; create schema gone;
            create table s.one as select range as id, hash(range) as noise from range(200000);
            create table s.two as from s.one; create table s.small as select 1 as a; create table gone.table as select 1 as a;
            create view s.seen as from s.one; comment on table s.one is 'before'; comment on column s.one.id is 'before';
        """)
    relations = extract.extract(work, first, frozenset(["s.one", "s.two", "s.small", "s.seen", "gone.table"]))
    written: list[str] = []
    created = extract._created

    def told(connection: duckdb.DuckDBPyConnection, tables: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
        written.extend(f"{schema}.{name}" for schema, name, _ in tables)
        return created(connection, tables)

    monkeypatch.setattr(extract, "_created", told)
    return work, extract.Before(first, relations), written


WANTED = frozenset(["s.one", "s.two", "s.small", "s.seen"])


def test_what_did_not_change_is_not_written_again(next_build: tuple[Path, extract.Before, list[str]], tmp_path: Path) -> None:
    work, before, written = next_build
    with duckdb.connect(str(work)) as connection:
        connection.execute("update s.small set a = 2; comment on table s.one is null; comment on column s.one.id is 'after'")
    made = extract.extract(work, tmp_path / "second.duckdb", WANTED, before)
    assert written == ["s.small"]
    assert made == extract.extract(work, tmp_path / "again.duckdb", WANTED)
    shapes = []
    for name in ("second.duckdb", "again.duckdb"):
        with duckdb.connect(str(tmp_path / name), read_only=True) as connection:
            shapes.append(
                connection.execute("""
                    select schema_name, table_name, column_name, comment from duckdb_columns() where not internal
                    union all select schema_name, table_name, sql, comment from duckdb_tables() where not internal
                    union all select schema_name, view_name, sql, comment from duckdb_views() where not internal
                    union all select schema_name, '', '', null from duckdb_schemas() where not internal order by all
                """).fetchall()
            )
    assert shapes[0] == shapes[1]
    assert (tmp_path / "second.duckdb").stat().st_size <= 1.1 * (tmp_path / "again.duckdb").stat().st_size


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("insert into s.one select 1, 1; insert into s.two select 1, 1", ["s.one", "s.small", "s.two"]),
        ("alter table s.one alter id set not null", ["s.one"]),
        ("create index i on s.one (id)", ["s.one"]),
        ("select 1", []),  # nothing but the view
    ],
)
def test_what_changed_is_written_again(
    next_build: tuple[Path, extract.Before, list[str]], tmp_path: Path, change: str, again: list[str]
) -> None:
    work, before, written = next_build
    with duckdb.connect(str(work)) as connection:
        connection.execute(f"drop view s.seen; {change}; create view s.seen as from s.two")
    made = extract.extract(work, tmp_path / "second.duckdb", WANTED, before)
    assert written == again
    assert made == standalone.read(work, [*WANTED])
