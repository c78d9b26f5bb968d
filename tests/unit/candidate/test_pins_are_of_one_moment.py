"""Pins: the versions of all tables while nobody writes, those that a project reads, and what is said when one is gone."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from sluice.candidate import pins
from sluice.core.errors import SluiceError
from sluice.lake.lock import writing


def _append(lake: Path, table: str, times: int = 1) -> None:
    for number in range(times):
        write_deltalake(str(lake / table), pa.table({"a": [number]}), mode="append")


def test_every_delta_table_is_found_at_its_version(tmp_path: Path) -> None:
    _append(tmp_path, "raw/shop/orders", 3)
    _append(tmp_path, "ops/batches")
    (tmp_path / "raw" / "shop" / "leftover").mkdir()
    assert pins.taken(tmp_path) == {"ops/batches": 0, "raw/shop/orders": 2}


def test_who_writes_is_waited_for(tmp_path: Path) -> None:
    _append(tmp_path, "raw/shop/orders")
    begun = threading.Event()

    def write() -> None:
        with writing(tmp_path):
            begun.set()
            time.sleep(0.5)
            _append(tmp_path, "raw/shop/orders")

    writer = threading.Thread(target=write)
    writer.start()
    begun.wait()
    assert pins.taken(tmp_path) == {"raw/shop/orders": 1}
    writer.join()


def test_who_writes_for_too_long_is_named(tmp_path: Path) -> None:
    _append(tmp_path, "raw/shop/orders")
    with writing(tmp_path), pytest.raises(SluiceError, match=r"another command \(process \d+\) is writing"):
        pins.taken(tmp_path, patience=0.3)


def test_an_empty_lake_says_what_to_do_where_the_project_reads_one(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(SluiceError, match="no Delta table") as error:
            pins.taken(tmp_path, is_read=True)
        assert "sluice ingest" in error.value.hint
        _append(tmp_path, "ops/releases")  # the trail of the try before


def test_a_project_without_a_lake_has_no_pins_but_those_of_the_history(tmp_path: Path) -> None:
    assert pins.taken(tmp_path) == {}
    _append(tmp_path, "ops/releases")
    assert pins.taken(tmp_path) == {"ops/releases": 0}


def test_dbt_is_told_every_place_as_the_sources_spell_it() -> None:
    told = pins.environment(Path("some/lake/"), {"raw/shop/orders": 7})
    assert told["SLUICE_LAKE"] == "some/lake"
    assert json.loads(told["SLUICE_PINS"]) == {"some/lake/raw/shop/orders": 7}


def test_only_what_the_sources_read_is_needed() -> None:
    folder = {"meta": {"external_location": "delta_scan('/lake/raw/shop/{name}')"}}
    table = {"external_location": "delta_scan('/lake/ops/checks')"}
    sources = [
        {"name": "orders", "identifier": "orders", "schema": "shop", "config": folder},
        {"name": "x", "identifier": "x", "schema": "s", "meta": table},
        {"name": "y", "identifier": "y", "schema": "s", "config": {"meta": {}}},
    ]
    manifest = {"sources": {str(number): source for number, source in enumerate(sources)}}
    known = {"raw/shop/orders": 3, "raw/shop/refunds": 4, "ops/checks": 5, "ops/batches": 6}
    assert pins.read_by(manifest, known) == {"raw/shop/orders": 3, "ops/checks": 5}


def test_versions_that_are_gone_are_all_named(tmp_path: Path) -> None:
    for table in ("one", "two", "three"):
        _append(tmp_path, table, 2)
    pins.all_there(tmp_path, {"one": 0, "two": 1})

    write_deltalake(str(tmp_path / "two"), pa.table({"a": [9]}), mode="overwrite")
    DeltaTable(str(tmp_path / "two")).vacuum(0, enforce_retention_duration=False, dry_run=False)
    with pytest.raises(SluiceError) as error:
        pins.all_there(tmp_path, {"one": 7, "two": 1, "three": 1, "four": 0})
    head, one, two, four = error.value.what.splitlines()
    assert head == "the lake no longer has what the release was made of:"
    assert one.startswith("  one at version 7: ")
    assert two.startswith("  two at version 1: 2 of its files are gone, such as ")
    assert four.strip() == "four at version 0: the table is gone"
