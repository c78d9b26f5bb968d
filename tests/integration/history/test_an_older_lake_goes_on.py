"""Today's code goes on with the lake of an older version, and an older version with the lake of a newer one.

The older lake is that of commit 12cfc80: its tables are created here with the columns that it wrote.
"""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.helpers.refused import OneFeedShop

from lab.tiny_releases import shop_in
from sluice.core.duck import connect
from sluice.core.errors import SluiceError
from sluice.environments import trail
from sluice.history import kinds, ledger
from sluice.history.kinds import BatchEntry, CheckEntry, DecisionEntry, Entry, FileCount, ReasonCount, RefusalEntry, ReleaseEntry

_TIME = pa.timestamp("us")
_12CFC80 = {
    "batches": pa.schema([
        ("batch_id", pa.string()), ("run_id", pa.string()), ("feed", pa.string()), ("loaded_at", _TIME),
        ("rows_read", pa.int64()), ("rows_landed", pa.int64()), ("rows_quarantined", pa.int64()),
        ("bytes_read", pa.int64()), ("seconds", pa.float64()),
        ("reasons", pa.list_(pa.struct([("reason", pa.string()), ("rows", pa.int64())]))),
        ("files", pa.list_(pa.struct([("file", pa.string()), ("digest", pa.string()), ("rows_read", pa.int64()),
                                      ("rows_landed", pa.int64()), ("rows_quarantined", pa.int64())]))),
        ("new_columns", pa.list_(pa.string())),
    ]),
    "refusals": pa.schema([
        ("refused_at", _TIME), ("run_id", pa.string()), ("feed", pa.string()), ("file", pa.string()),
        ("digest", pa.string()), ("reason", pa.string()),
    ]),
    "checks": pa.schema([
        ("run_id", pa.string()), ("checked_at", _TIME), ("warehouse", pa.string()), ("kind", pa.string()),
        ("model", pa.string()), ("column_name", pa.string()), ("check_name", pa.string()), ("severity", pa.string()),
        ("status", pa.string()), ("failures", pa.int64()), ("observed", pa.string()), ("expected", pa.string()),
        ("seconds", pa.float64()),
    ]),
    "decisions": pa.schema([
        ("decision_id", pa.string()), ("decided_at", _TIME), ("decision", pa.string()), ("quarantine_id", pa.string()),
        ("place", pa.string()), ("feed", pa.string()), ("entity", pa.string()), ("rule", pa.string()),
        ("row_key", pa.string()), ("batch_id", pa.string()), ("source_file", pa.string()),
        ("source_position", pa.int64()), ("decided_by", pa.string()), ("why", pa.string()), ("until_at", _TIME),
        ("correction_batch_id", pa.string()),
    ]),
    "releases": pa.schema([
        ("event_id", pa.string()), ("tried_at", _TIME), ("action", pa.string()), ("environment", pa.string()),
        ("release_id", pa.string()), ("from_release_id", pa.string()), ("actor", pa.string()), ("outcome", pa.string()),
        ("why", pa.string()), ("detail", pa.string()), ("seconds", pa.float64()),
    ]),
}  # fmt: skip
AT = datetime.fromisoformat("2025-03-01T10:00:00.000001")
BATCH = BatchEntry(
    batch_id="b", run_id="r", feed="shop.orders", loaded_at=AT, rows_read=3, rows_landed=2, rows_quarantined=1,
    bytes_read=9, seconds=0.5, reasons=(ReasonCount(reason="wrong_type", rows=1),),
    files=(FileCount(file="a.csv", digest="d", rows_read=3, rows_landed=2, rows_quarantined=1),), new_columns=("size",),
    warnings=("2 rows are dated ahead",),
)  # fmt: skip
# Columns that came later: the older tables gain them.
GAINED = {"batches": [pa.field("warnings", pa.list_(pa.string()))]}
REFUSAL = RefusalEntry(refused_at=AT, run_id="r", feed="shop.orders", file="b.csv", reason="it is empty")
ENTRIES: tuple[Entry, ...] = (
    BATCH,
    REFUSAL,
    CheckEntry(
        run_id="r", checked_at=AT, warehouse="dev.duckdb", kind="data_test", model="core.orders", column_name=None,
        check_name="every_order_is_there_once", severity="error", status="pass", failures=0, observed=None, expected=None,
        seconds=0.1,
    ),
    DecisionEntry(
        decision_id="d", decided_at=AT, decision="dropped", quarantine_id="q", place="door", feed="shop.orders", entity=None,
        rule="wrong_type", row_key=None, batch_id="b", source_file="a.csv", source_position=3, decided_by="user:ann", why="w",
    ),
    ReleaseEntry(
        event_id="e", tried_at=AT, action="publish", environment="prod", release_id="x", from_release_id=None,
        actor="user:ann", outcome="done", why=None, detail=None, seconds=0.1,
    ),
)  # fmt: skip


def make_older(lake: Path, *, without: tuple[str, ...] = ()) -> Path:
    """The tables of a lake that commit 12cfc80 made, each with a row of nulls; of even older ones, `without` columns."""
    for table, schema in _12CFC80.items():
        kept = pa.schema([field for field in schema if field.name not in without])
        write_deltalake(str(lake / "ops" / table), pa.Table.from_pylist([{}], schema=kept), mode="append")
    return lake


def rows(lake: Path, kind: type[Entry], columns: str = "*") -> list[tuple[Any, ...]]:
    """The rows of a table as DuckDB reads them, that of the older version last."""
    table = f"delta_scan('{lake}/ops/{kind.TABLE}')"
    with connect(extensions=["delta"]) as connection:
        return connection.execute(f"select {columns} from {table} order by all nulls last").fetchall()


def versions(lake: Path) -> list[int]:
    """The version of each table."""
    return [DeltaTable(str(lake / "ops" / kind.TABLE)).version() for kind in kinds.KINDS]


@dataclass(frozen=True, kw_only=True)
class WiderFile(FileCount):
    """A file of a batch in a coming version."""

    encoding: str | None = None


@dataclass(frozen=True, kw_only=True)
class WiderBatch(BatchEntry):
    """The kind in a coming version: one more column, and one more in each file."""

    host: str | None = None
    files: tuple[WiderFile, ...] = ()


def wider(entry: BatchEntry, **more: Any) -> WiderBatch:
    """An entry of today as the coming version writes it."""
    values = {field.name: getattr(entry, field.name) for field in fields(entry)}
    files = tuple(WiderFile(**vars(file), encoding="utf-8") for file in values.pop("files"))
    return WiderBatch(**{**values, "files": files, **more})


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.TABLE)
def test_every_kind_is_appended_to_the_older_lake(tmp_path: Path, entry: Entry) -> None:
    lake = make_older(tmp_path / "lake")
    ledger.append(lake, [entry])
    new, old = rows(lake, type(entry))
    schema = pa.schema([*_12CFC80[entry.TABLE], *GAINED.get(entry.TABLE, [])])
    expected = pa.Table.from_pylist([{name: _plain(value) for name, value in vars(entry).items()}], schema)
    assert new == tuple(expected.to_pylist()[0].values())
    assert old == (None,) * len(new)


def _plain(value: Any) -> Any:
    if not isinstance(value, tuple):
        return value
    return [vars(part) if isinstance(part, ReasonCount | FileCount) else part for part in value]


def test_a_table_of_the_older_lake_is_changed_only_if_it_lacks_a_column(tmp_path: Path) -> None:
    lake = make_older(tmp_path / "lake")
    ledger.ensure(lake)
    ledger.ensure(lake)
    assert versions(lake) == [int(kind.TABLE in GAINED) for kind in kinds.KINDS]


def test_what_is_published_goes_on_in_the_older_trail(tmp_path: Path) -> None:
    shop, lake = shop_in(tmp_path), make_older(tmp_path / "lake")
    made = [shop.published(), shop.published()]
    found = rows(lake, ReleaseEntry, "release_id, outcome")
    assert found == [*sorted((name, "done") for name in made), (None, None)]
    assert trail.settle(lake, "prod", shop.store.pointer("prod").history) == 0


def test_moves_that_the_older_trail_lacks_are_added(tmp_path: Path) -> None:
    shop = shop_in(tmp_path / "shop")
    made = [shop.published(), shop.published()]
    lake = make_older(tmp_path / "lake")
    history = shop.store.pointer("prod").history
    assert (trail.settle(lake, "prod", history), trail.settle(lake, "prod", history)) == (2, 0)
    assert rows(lake, ReleaseEntry, "release_id") == [*sorted((name,) for name in made), (None,)]


@pytest.mark.parametrize("without", [(), ("until_at", "why", "new_columns")])
def test_rows_in_an_older_quarantine_are_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...]
) -> None:
    make_older(tmp_path / "lake", without=without)
    shop = OneFeedShop(tmp_path).make()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLUICE_LAKE", str(shop.lake))
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(shop.warehouse.parent))
    shop.deliver("a.jsonl", '{"id": 1, "amount": "one"}', '{"id": 2, "amount": "-5"}')
    shop.build()
    door, warehouse = shop.id_at_ingestion("a.jsonl", 1), shop.id_in_the_warehouse("a.jsonl", 2)
    shop.done("drop", door, "--why", "a test row")
    shop.done("release", warehouse, "--set", "amount=5", "--why", "sign lost")
    decided = shop.query("select quarantine_id, decision, why from {decisions} where decision is not null")
    assert sorted(decided) == sorted([(door, "dropped", "a test row"), (warehouse, "corrected", "sign lost")])


def test_a_kind_that_gains_columns_is_written_and_read(tmp_path: Path) -> None:
    lake = make_older(tmp_path / "lake")
    ledger.append(lake, [wider(BATCH, host="one")])
    assert rows(lake, BatchEntry, "batch_id, host, files[1].encoding") == [("b", "one", "utf-8"), (None, None, None)]


def test_reading_a_kind_does_not_need_its_columns_in_the_lake(tmp_path: Path) -> None:
    lake = make_older(tmp_path / "lake", without=("run_id",))
    with connect(extensions=["delta"]) as connection:
        assert connection.execute(f"select run_id, host from ({ledger.query(lake, WiderBatch)})").fetchall() == [(None, None)]
        assert connection.execute(f"select host from ({ledger.query(tmp_path / 'none', WiderBatch)})").fetchall() == []


def test_an_older_version_goes_on_in_the_lake_of_a_newer_one(tmp_path: Path) -> None:
    ledger.append(tmp_path, [wider(BATCH, host="one")])
    ledger.append(tmp_path, [BATCH])
    assert sorted(rows(tmp_path, BatchEntry, "host, files[1].digest"), key=str) == [("one", "d"), (None, "d")]


def test_a_column_of_another_type_is_an_error(tmp_path: Path) -> None:
    other = _12CFC80["refusals"].set(3, pa.field("file", pa.int64()))
    write_deltalake(str(tmp_path / "ops/refusals"), pa.Table.from_pylist([{}], schema=other), mode="append")
    with pytest.raises(SluiceError, match="the lake holds column file as long, this version of sluice writes string"):
        ledger.append(tmp_path, [REFUSAL])


def test_unknown_and_missing_fields_are_errors() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'hots'"):
        replace(REFUSAL, hots="one")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'reason'"):
        RefusalEntry(refused_at=AT, run_id="r", feed="f", file="a")  # type: ignore[call-arg]


def test_rows_of_two_kinds_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too many values to unpack"):
        ledger.append(tmp_path, ENTRIES[:2])


def appended(lake: Path, number: int) -> None:
    """Append a row of every width, then one that another process appends as well."""
    one = wider(BATCH, host="h", batch_id=f"wide {number}") if number % 2 else replace(BATCH, batch_id=f"slim {number}")
    ledger.append(lake, [one], transaction=f"own {number}")
    ledger.append(lake, [replace(BATCH, batch_id="shared")], transaction="shared")


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "older"])
def test_processes_that_append_at_once_all_land_and_once(tmp_path: Path, is_new: bool) -> None:
    lake = tmp_path / "lake" if is_new else make_older(tmp_path / "lake")
    with multiprocessing.get_context("spawn").Pool(4) as crowd:
        crowd.starmap(appended, [(lake, number) for number in range(12)], chunksize=1)
    found = [name for (name,) in rows(lake, BatchEntry, "batch_id") if name]
    assert sorted(found) == sorted([f"{'wide' if number % 2 else 'slim'} {number}" for number in range(12)] + ["shared"])
