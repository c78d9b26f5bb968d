"""What a candidate's tables hold is in lake/ops/profiles: figures that were counted by hand, and no personal data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.helpers.history import entries

from sluice.history.kinds import ProfileEntry
from sluice.quality.profiles import candidate, scan
from sluice.store import digest
from sluice.store.record import FILE, Code, Record

TABLES = """
    create schema core;
    create table core.orders (order_id int, amount decimal(9, 2), country varchar, email varchar, ordered_at timestamp,
                              ends_on date, tags varchar[]);
    insert into core.orders values
        (1, 10.00, 'DE', 'a@example.com', '2026-01-01 08:00:00', '2026-02-01', ['x']),
        (2, 20.00, 'DE', 'b@example.com', '2026-01-02 08:00:00', '9999-12-31', ['x', 'y']),
        (3, 30.00, 'FR', null,            '2026-01-03 08:00:00', '2026-02-03', null),
        (4, null,  null, 'c@example.com', '2026-01-05 08:00:00', null,         null);
    create view core.totals as select country, sum(amount) as amount from core.orders group by country;
    create table core.nothing (id int);
"""


def node(name: str, columns: Mapping[str, Any] | None = None, *reads: str, **config: Any) -> dict[str, Any]:
    return {
        "resource_type": "model", "name": name, "alias": name, "schema": "core", "config": config,
        "columns": columns or {}, "depends_on": {"nodes": [f"model.shop.{one}" for one in reads]},
    }  # fmt: skip


PERSONAL = {"email": {"meta": {"pii": "contact"}}}


@dataclass
class Shop:
    """Candidates in a folder, each made by SQL; their history is in `lake`."""

    root: Path
    nodes: dict[str, dict[str, Any]]
    last: Record | None = None

    def built(self, sql: str) -> Record:
        """A candidate that follows the last one, profiled."""
        folder = self.root / f"20260101T00000{len(list(self.root.glob('2*')))}Z-aaaaaa"
        folder.mkdir()
        with duckdb.connect(str(folder / FILE)) as connection:
            connection.execute(sql)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{folder / FILE}' as seen (read_only)")
            relations = digest.of_all(connection, "seen")
        manifest = {"nodes": {f"model.shop.{name}": one for name, one in self.nodes.items()}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        record = Record(
            release_id=folder.name, project="shop", code=Code(None, is_dirty=True), lake={}, parent=None, environment="prod",
            full_refresh=True, built_by="user:x", started_at="2026-01-06T00:00:00Z", duckdb=duckdb.__version__,
            digest_version=digest.VERSION, relations=relations,
        )  # fmt: skip
        candidate.append(folder, record, self.last, self.root / "lake")
        self.last = record
        return record

    def of(self, release_id: str, relation: str, columns: str) -> list[tuple[Any, ...]]:
        """What the profile of a release says of a relation, and of each of its columns by its name."""
        found = entries(self.root / "lake", ProfileEntry, f"release_id, relation, {columns}", "column_name nulls first")
        return [row[2:] for row in found if row[:2] == (release_id, relation)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Nothing is built yet."""
    nodes = {"orders": node("orders", PERSONAL), "totals": node("totals", None, "orders"), "nothing": node("nothing")}
    return Shop(tmp_path, nodes)


def test_each_table_and_column_has_its_figures(shop: Shop) -> None:
    first = shop.built(TABLES).release_id
    assert shop.of(
        first, "core.orders", "column_name, data_type, row_count, null_count, distinct_count, least, greatest, total"
    ) == [
        (None, None, 4, None, None, None, None, None),
        ("amount", "DECIMAL(9,2)", 4, 1, 3, "10.00", "30.00", 60),
        ("country", "VARCHAR", 4, 1, 2, "DE", "FR", None),
        ("email", "VARCHAR", 4, 1, 3, None, None, None),
        ("ends_on", "DATE", 4, 1, 3, "2026-02-01", "9999-12-31", None),
        ("order_id", "INTEGER", 4, 0, 4, "1", "4", 10),
        ("ordered_at", "TIMESTAMP", 4, 0, 4, "2026-01-01 08:00:00", "2026-01-05 08:00:00", None),
        ("tags", "VARCHAR[]", 4, 2, None, None, None, None),
    ]
    by_name = dict(shop.of(first, "core.orders", "column_name, (mean, quantiles, frequent)"))
    mean, quantiles, frequent = by_name["amount"]
    assert mean == 20
    assert quantiles == [10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]
    assert frequent == [{"value": value, "rows": 1} for value in ("10.00", "20.00", "30.00")]
    assert by_name["country"][2] == [{"value": "DE", "rows": 2}, {"value": "FR", "rows": 1}]
    moments = [datetime.fromtimestamp(second, UTC).isoformat()[:16] for second in by_name["ordered_at"][1]]
    assert (moments[0], moments[5], moments[10]) == ("2026-01-01T08:00", "2026-01-02T20:00", "2026-01-05T08:00")


def test_of_personal_columns_only_counts_are_kept_also_below_the_table_that_marks_them(shop: Shop) -> None:
    first = shop.built(TABLES + "create table core.letters as select email from core.orders;").release_id
    shop.nodes["letters"] = node("letters", None, "orders")
    second = shop.built(TABLES + "create table core.letters as select email, 1 as x from core.orders;").release_id
    kept = "null_count, distinct_count, least, greatest, mean, total, quantiles, frequent"
    nothing: tuple[Any, ...] = (None, None, None, None, [], [])
    assert shop.of(first, "core.orders", f"column_name, {kept}")[3] == ("email", 1, 3, *nothing)
    assert shop.of(second, "core.letters", f"column_name, {kept}")[1] == ("email", 1, 3, *nothing)
    # Nobody said that the first table of letters reads the orders.
    assert shop.of(first, "core.letters", "least")[1] == ("a@example.com",)


def test_the_newest_row_is_not_in_the_future_and_is_told_by_the_time_of_the_event(shop: Shop) -> None:
    first = shop.built(TABLES).release_id
    assert shop.of(first, "core.orders", "newest_at")[0] == (datetime(2026, 2, 3),)  # noqa: DTZ001  # as the lake has it
    shop.nodes["orders"]["config"] = {"event_time": "Ordered_At"}
    second = shop.built(TABLES.replace("(4, null", "(5, null")).release_id
    assert shop.of(second, "core.orders", "newest_at")[0] == (datetime(2026, 1, 5, 8),)  # noqa: DTZ001


def test_a_view_is_measured_and_an_empty_table_has_no_values(shop: Shop) -> None:
    first = shop.built(TABLES).release_id
    columns = "column_name, row_count, null_count, distinct_count, total, bytes > 0"
    assert shop.of(first, "core.totals", columns) == [
        (None, 3, None, None, None, None),
        ("amount", 3, 1, 1, 60, None),  # 30 of DE, 30 of FR
        ("country", 3, 1, 2, None, None),
    ]
    assert shop.of(first, "core.nothing", columns) == [(None, 0, None, None, None, False), ("id", 0, 0, 0, None, None)]
    assert shop.of(first, "core.orders", columns)[0][-1] is True


def test_what_the_parent_has_as_well_is_not_scanned_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shop.built(TABLES).release_id
    scanned: list[str] = []
    real = scan.query

    def query(place: str, *more: Any, **options: Any) -> str:
        scanned.append(place)
        return real(place, *more, **options)

    monkeypatch.setattr(scan, "query", query)
    second = shop.built(TABLES + "insert into core.nothing values (7);").release_id
    assert scanned == ['profiled."core"."nothing"']
    everything = "* exclude (run_id, release_id, measured_at)"
    assert shop.of(second, "core.orders", everything) == shop.of(first, "core.orders", everything)
    assert shop.of(second, "core.nothing", "least") == [(None,), ("7",)]

    # What has been called personal since is not taken over.
    shop.nodes["orders"]["columns"] = {**PERSONAL, "country": {"config": {"meta": {"pii": True}}}}
    third = shop.built(TABLES).release_id
    assert "core.orders" not in " ".join(scanned)
    assert shop.of(third, "core.orders", "null_count, distinct_count, least, frequent")[2] == (1, 2, None, [])


def test_with_another_duckdb_everything_is_scanned_again(shop: Shop) -> None:
    first = shop.built(TABLES)
    assert candidate._is_same("core.orders", first.relations["core.orders"], first, first)
    assert not candidate._is_same("core.orders", first.relations["core.orders"], first, replace(first, duckdb="1.4.0"))


def test_a_candidate_that_cannot_be_read_is_a_note_and_nothing_else(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    record = shop.built(TABLES)
    (shop.root / record.release_id / FILE).write_bytes(b"not a warehouse")
    candidate.append(shop.root / record.release_id, record, None, shop.root / "lake")
    assert capsys.readouterr().err.startswith(f"note: {record.release_id} was not profiled: ")


def test_quantiles_of_a_large_table_come_from_a_sample_of_it(shop: Shop) -> None:
    record = shop.built("create schema core; create table core.nothing as select range as id from range(1_000_000)")
    first = record.release_id
    ((quantiles,),) = shop.of(first, "core.nothing", "quantiles")[1:]
    assert [abs(value / 1_000_000 - tenth / 10) < 0.015 for tenth, value in enumerate(quantiles)] == [True] * 11
    # It is the same sample whenever it is taken.
    again = candidate.profile(shop.root / first, record, None, shop.root / "lake")
    assert list(again[1].quantiles) == quantiles
