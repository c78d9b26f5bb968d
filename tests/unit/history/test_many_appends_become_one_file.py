"""A table of lake/ops that has grown by many appends is written into one file; nothing that was there is lost or repeated."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from sluice.core.duck import connect
from sluice.history import ledger
from sluice.history.kinds import RefusalEntry

AT = datetime.fromisoformat("2025-01-01 02:00")


def test_rows_and_transactions_stay_and_earlier_versions_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMPACTED_EVERY", 5)
    table = tmp_path / "ops" / "refusals"
    files = []
    for number in range(12):
        row = RefusalEntry(refused_at=AT, run_id=f"r{number}", feed="shop.orders", file="a.csv", reason="no id")
        ledger.append(tmp_path, [row], transaction=f"t{number}")
        ledger.append(tmp_path, [row], transaction=f"t{number}")
        files.append(len(DeltaTable(str(table)).file_uris()))
    # version 0 is the empty table; each fifth version is followed by one that has one file
    assert files == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]
    assert len(list((table / "_delta_log").glob("*.checkpoint.parquet"))) == 2  # a reader begins there
    with connect(extensions=["delta"]) as connection:
        for version, rows in ((4, 4), (5, 5), (6, 5), (14, 12)):
            scan = f"delta_scan('{table}', version => {version})"
            assert connection.execute(f"select count(*), count(distinct run_id) from {scan}").fetchone() == (rows, rows)


def test_a_file_that_is_large_enough_is_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMPACTED_EVERY", 5)
    monkeypatch.setattr(ledger, "FILE_BYTES", 1)
    for number in range(12):
        row = RefusalEntry(refused_at=AT, run_id=f"r{number}", feed="shop.orders", file="a.csv", reason="no id")
        ledger.append(tmp_path, [row])
    table = tmp_path / "ops" / "refusals"
    assert len(DeltaTable(str(table)).file_uris()) == len(list(table.glob("*.parquet"))) == 12
