"""What must be in a file stays and answers under any name; what reads something outside is dropped and named."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import pytest
from tests.helpers.candidates import answers_alone

from sluice.core.errors import SluiceError
from sluice.store import digest, standalone
from sluice.store.record import Relation

# dbt writes the database's name before everything that it refers to: here it is `made`.
TABLES = """
create schema core;
create table core.facts as select i as id, i % 3 as kind from range(10) as t(i);
create schema "odd ""as"" name";
create table "odd ""as"" name"."my as table" as select 1 as "a as b";
"""
INSIDE = {
    "core.plain": 'create view core.plain as select * from "made"."core"."facts"',
    "core.stacked": 'create view core.stacked as select * from "made"."core"."plain" union all from made.core.facts',
    "core.named": "create view core.named as select made.core.facts.id from made.core.facts where made.core.facts.kind = 1",
    "core.nested": (
        "create view core.nested as with x as (select * from made.core.facts) select (select max(id) from made.core.plain) as m "
        "from x where exists (from made.core.facts as f where f.id = x.id) qualify row_number() over (order by m) = 1"
    ),
    "core.renamed": "create view core.renamed (one, two) as select id, kind from made.core.facts",
    "core.free": "create view core.free as select ' as made.core.facts' as text",
    'odd "as" name.v as w': """create view "odd ""as"" name"."v as w" as select * from made."odd ""as"" name"."my as table" """,
}
OUTSIDE = {
    "core.a_file": "create view core.a_file as select * from read_csv('{csv}')",
    "core.on_a_file": "create view core.on_a_file as select count(*) as n from made.core.a_file",
    "core.another_file": "create view core.another_file as select * from '{csv}'",
}


def _make(folder: Path, *statements: str) -> Path:
    (folder / "some.csv").write_text("a,b\n1,2\n")
    with duckdb.connect(str(folder / "made.duckdb")) as connection:
        connection.execute(TABLES)
        for statement in statements:
            connection.execute(statement.replace("{csv}", str(folder / "some.csv")))
    return folder / "made.duckdb"


def test_all_that_is_inside_stays_and_answers_under_another_name(tmp_path: Path) -> None:
    file = _make(tmp_path, *INSIDE.values())
    before = {name: relation.rows for name, relation in _read(file).items()}
    assert standalone.make(file) == ()
    assert answers_alone(sys.executable, file, "quite_another") == before
    assert INSIDE.keys() <= before.keys()
    assert [path.name for path in tmp_path.glob("made.duckdb*")] == ["made.duckdb"]


def _read(file: Path) -> dict[str, Relation]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return digest.of_all(connection, "made")


def test_before_they_did_not(tmp_path: Path) -> None:
    file = _make(tmp_path, *INSIDE.values())
    assert {f"{schema}.{name}" for schema, name in standalone.unanswered(file)} == INSIDE.keys() - {"core.free"}


def test_their_rows_columns_and_comments_are_the_same(tmp_path: Path) -> None:
    file = _make(
        tmp_path,
        *INSIDE.values(),
        "comment on view core.plain is 'It''s plain'",
        "comment on column core.plain.kind is 'the second'",
    )
    before = _read(file)
    standalone.make(file)
    assert standalone.read(file) == before
    with duckdb.connect(str(file), read_only=True) as connection:
        said = "select comment from duckdb_views() where view_name = 'plain'"
        assert connection.execute(said).fetchall() == [("It's plain",)]
        said = "select column_name, comment from duckdb_columns() where table_name = 'plain' and comment is not null"
        assert connection.execute(said).fetchall() == [("kind", "the second")]


def test_what_reads_outside_goes_and_is_named(tmp_path: Path) -> None:
    file = _make(tmp_path, *INSIDE.values(), *OUTSIDE.values())
    assert standalone.make(file) == tuple(sorted(OUTSIDE))
    assert not answers_alone(sys.executable, file).keys() & OUTSIDE.keys()


def test_a_view_that_fails_on_its_first_row_goes_too(tmp_path: Path) -> None:
    file = _make(tmp_path, "create view core.broken as select error('no')::integer as a from made.core.facts")
    assert standalone.make(file) == ("core.broken",)


def test_what_still_does_not_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table always answers, unless the file is damaged: here somebody pretends that one is."""
    file = _make(tmp_path)
    monkeypatch.setattr(standalone, "unanswered", lambda _: {("core", "facts"): "no such block"})
    with pytest.raises(SluiceError, match=r"core\.facts: no such block"):
        standalone.make(file)


def test_nothing_outside_can_be_reached_from_it(tmp_path: Path) -> None:
    file = _make(tmp_path)
    with standalone.opened(file) as connection:
        for sql in (f"from read_csv('{tmp_path}/some.csv')", "install delta", "load delta", "set enable_external_access = true"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_too_much_that_is_free_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _make(tmp_path, "create table core.big as select hash(i) as h from range(2000000) as t(i)", *INSIDE.values())
    standalone.make(file)
    with duckdb.connect(str(file)) as connection:
        connection.execute("drop table core.big")
        connection.execute("checkpoint")
    before, big = standalone.read(file), file.stat().st_size
    assert not standalone.compact(file)  # a few MB are not worth it
    monkeypatch.setattr(standalone, "FREE_BYTES", 1024 * 1024)
    assert standalone.compact(file)
    assert file.stat().st_size < big / 2
    assert standalone.read(file) == before
    assert not standalone.compact(file)  # nothing is free any more
