"""A table of the lake that cannot be read or written is reported in words, with its place; the others go on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from tests.helpers.lake import contract

from sluice.candidate import pins
from sluice.core.duck import connect, without_backtrace
from sluice.core.errors import SluiceError
from sluice.history.kinds import BatchEntry, RefusalEntry
from sluice.ingest.landing import FeedReport
from sluice.ingest.readers.csv import CsvFeed
from sluice.ingest.run import prepare, run
from sluice.lake.contracts import Contract
from sluice.quarantine import catalog
from sluice.steps import setup

NAMES = ("first", "hurt", "last")


class Shop:
    """Three feeds of one lake; the one in the middle is to be hurt."""

    def __init__(self, root: Path) -> None:
        self.root, self.lake = root, root / "lake"
        promised = contract({"id": "bigint!"})
        self.contracts = {f"test.{name}": Contract("test", name, promised.columns, ()) for name in NAMES}

    def deliver(self, number: int, text: str = "id\n{}\n") -> None:
        for name in NAMES:
            file = self.root / "in" / name / f"{number}.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.format(number))

    def ingest(self, *names: str) -> dict[str, FeedReport]:
        feeds = [CsvFeed("test", name, str(self.root / "in" / name / "*.csv")) for name in names or NAMES]
        return {report.feed: report for report in run(feeds, self.contracts, self.lake, run_id="r")}

    def count(self, table: str) -> int:
        with connect(extensions=["delta"]) as connection:
            row = connection.execute(f"select count(*) from delta_scan('{self.lake / table}')").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.deliver(1)
    shop.ingest()
    shop.deliver(2)
    return shop


def logs(table: Path) -> list[Path]:
    return sorted((table / "_delta_log").glob("*.json"))


def append(table: Path, action: dict[str, Any]) -> None:
    """One more commit, as another program may write it."""
    (table / "_delta_log" / f"{len(logs(table)):020d}.json").write_text(json.dumps(action))


def protocol(reader: int, writer: int, **features: list[str]) -> dict[str, Any]:
    return {"protocol": {"minReaderVersion": reader, "minWriterVersion": writer, **features}}


def lose_checkpoint(table: Path) -> None:
    DeltaTable(str(table)).create_checkpoint()
    for file in (*logs(table)[:-1], *(table / "_delta_log").glob("*.checkpoint.parquet")):
        file.unlink()


def lose_a_commit(table: Path) -> None:
    append(table, {})
    append(table, {})
    logs(table)[-2].unlink()


def replace_by_a_file(table: Path) -> None:
    shutil.rmtree(table)
    table.write_text("")


NEW = ["timestampNtz", "aFeatureToCome"]
DAMAGE: dict[str, Callable[[Path], Any]] = {
    "a commit cut short": lambda table: logs(table)[-1].write_text(logs(table)[-1].read_text()[:40]),
    "a commit of noise": lambda table: logs(table)[-1].write_bytes(b"\x80\x00\xff" * 60),
    "a commit that is lost": lose_a_commit,
    "the log is lost": lambda table: shutil.rmtree(table / "_delta_log"),
    "the checkpoint is lost": lose_checkpoint,
    "a file in place of the table": replace_by_a_file,
    "a feature to come": lambda table: append(table, protocol(3, 7, readerFeatures=NEW, writerFeatures=NEW)),
    "a feature to come for writers": lambda table: append(table, protocol(3, 7, readerFeatures=NEW[:1], writerFeatures=NEW)),
    "a protocol to come": lambda table: append(table, protocol(9, 9)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_raw_table_refuses_its_feed(shop: Shop, damage: Callable[[Path], Any]) -> None:
    damage(shop.lake / "raw" / "test" / "hurt")
    reports = shop.ingest()
    assert [reports[f"test.{name}"].rows_landed for name in ("first", "last")] == [1, 1]
    ((_, why),) = reports["test.hurt"].refused
    assert why.startswith(("the Delta table ", "the log of the Delta table is lost"))
    assert str(shop.lake / "raw" / "test" / "hurt") in why
    assert shop.count("ops/refusals") == 1


@pytest.mark.parametrize("damage", [DAMAGE["a commit cut short"], DAMAGE["a feature to come"]])
def test_a_damaged_quarantine_refuses_its_feed(shop: Shop, damage: Callable[[Path], Any]) -> None:
    damage(shop.lake / "quarantine" / "test" / "hurt")
    reports = shop.ingest()
    assert [reports[f"test.{name}"].rows_landed for name in ("first", "last")] == [1, 1]
    assert "quarantine/test/hurt" in reports["test.hurt"].refused[0][1]


def test_a_damaged_table_is_reported_though_its_feed_is_not_asked_for(shop: Shop) -> None:
    DAMAGE["a feature to come"](shop.lake / "raw" / "test" / "hurt")
    reports = shop.ingest("last")
    assert reports["test.last"].rows_landed == 1
    ((where, why),) = reports["test.hurt"].refused
    assert where.endswith("raw/test/hurt")
    assert "needs what this version of sluice cannot do" in why
    assert "aFeatureToCome" in why


def test_what_a_feed_had_written_when_its_commit_failed_is_undone(shop: Shop) -> None:
    shop.deliver(3, "id\n3\nx\n")
    DAMAGE["a feature to come for writers"](shop.lake / "raw" / "test" / "hurt")
    shop.ingest()
    assert shop.count("quarantine/test/hurt") == 0
    assert len(list((shop.lake / "raw" / "test" / "hurt").glob("*.parquet"))) == 1


def test_rows_land_where_their_record_cannot_be_written_and_the_next_run_writes_it(shop: Shop) -> None:
    batches, kept = shop.lake / "ops" / BatchEntry.TABLE, shop.root / "kept"
    shutil.copytree(batches, kept)
    DAMAGE["a commit of noise"](batches)
    reports = shop.ingest()
    for name in NAMES:
        report = reports[f"test.{name}"]
        assert report.rows_landed == 1
        assert any("has landed, the next run records it" in why for _, why in report.refused)
        assert shop.count(f"raw/test/{name}") == 2
    assert "the Delta table is damaged" in reports["ops.batches"].refused[0][1]
    shutil.rmtree(batches)
    shutil.copytree(kept, batches)
    assert not any(report.refused for report in shop.ingest().values())
    assert shop.count("ops/batches") == 6


@pytest.mark.parametrize("damage", [DAMAGE["a commit cut short"], DAMAGE["a file in place of the table"]])
def test_a_refusal_that_cannot_be_recorded_is_shown(shop: Shop, damage: Callable[[Path], Any]) -> None:
    damage(shop.lake / "ops" / RefusalEntry.TABLE)
    (shop.root / "in" / "first" / "3.csv").write_text("")
    reports = shop.ingest()
    assert [reports[f"test.{name}"].rows_landed for name in NAMES] == [1, 1, 1]
    whys = [why for _, why in reports["test.first"].refused]
    assert len(whys) == 2
    assert whys[1].startswith("what was refused is not recorded: ")


def test_a_full_disk_in_ops_stops_no_feed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sluice.history.ledger.write_deltalake", full)
    reports = shop.ingest()
    assert [reports[f"test.{name}"].rows_landed for name in NAMES] == [1, 1, 1]
    for name in NAMES:
        landed, recorded = (why for _, why in reports[f"test.{name}"].refused)
        assert "No space left on device" in landed
        assert "No space left on device" in recorded


def test_names_and_texts_that_are_not_unicode_are_shown_and_recorded(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(*_: Any) -> None:
        raise SluiceError("caf\udce9.csv cannot be read")

    monkeypatch.setattr(CsvFeed, "ingest", odd)
    assert shop.ingest()["test.first"].refused[0][1] == "caf\\udce9.csv cannot be read"
    assert shop.count("ops/refusals") == 3


def test_every_other_table_is_made_and_setup_names_the_damaged_ones(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "hurt"):
        DAMAGE["a commit cut short"](shop.lake / "raw" / "test" / name)
    shutil.rmtree(shop.lake / "raw" / "test" / "last")
    assert prepare(shop.lake, shop.contracts).keys() == {"test.first", "test.hurt"}
    assert shop.count("raw/test/last") == 0
    monkeypatch.setenv("SLUICE_LAKE", str(shop.lake))
    monkeypatch.setenv("SLUICE_WAREHOUSE", str(shop.root / "warehouse"))
    monkeypatch.setattr(setup, "load_contracts", lambda _: shop.contracts)
    with pytest.raises(SluiceError) as caught:
        setup.setup()
    for name in ("first", "hurt"):
        assert f"raw/test/{name}" in caught.value.what


def test_quarantine_shows_the_other_feeds_and_names_the_one_it_cannot(shop: Shop) -> None:
    shop.deliver(3, "id\nx\n")
    shop.ingest()
    DAMAGE["a commit of noise"](shop.lake / "quarantine" / "test" / "hurt")
    where = catalog.places(shop.lake, lambda: pytest.fail("no warehouse is asked for"), place="ingestion")
    (note,) = where.notes
    assert note.startswith("rows of test.hurt refused at ingestion are not shown: the Delta table is damaged")
    with catalog.opened(where) as connection:
        found = catalog.groups(connection, catalog.Filter(), datetime(2030, 1, 1))  # noqa: DTZ001
    assert [(group.feed, group.rows) for group in found] == [("test.first", 1), ("test.last", 1)]


def test_a_candidate_is_not_built_from_a_damaged_table(shop: Shop) -> None:
    DAMAGE["a commit of noise"](shop.lake / "raw" / "test" / "hurt")
    with pytest.raises(SluiceError, match="the Delta table is damaged") as caught:
        pins.taken(shop.lake)
    assert caught.value.where.endswith("raw/test/hurt")


def test_what_dbt_says_of_a_damaged_table_fits_a_screen(shop: Shop) -> None:
    table = shop.lake / "raw" / "test" / "hurt"
    DAMAGE["a commit of noise"](table)
    with connect(extensions=["delta"]) as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(f"select * from delta_scan('{table}')")
    said = without_backtrace(str(caught.value))
    assert "DeltaKernel" in said
    assert "delta_scan('/" in said
    assert len(said.splitlines()) < 10 < len(str(caught.value).splitlines())
