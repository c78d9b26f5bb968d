"""A disk without rights or room stops one feed with a sentence, and leaves nothing half-done in the lake."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from sluice.ingest import landing


def test_a_disk_that_fails_while_writing_refuses_the_feed_and_the_next_run_lands_it(
    lake_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of({"id": "bigint!"})
    lake.deliver("a.csv", "id\n1\nx\n")

    def full(*_: Any) -> None:
        raise duckdb.IOException("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(landing, "_write", full)
        report = lake.ingest()
    ((_, why),) = report.refused
    assert why == "stopped: No space left on device"
    assert lake.query("select (select count(*) from {raw}), (select count(*) from {quarantine})") == [(0, 0)]
    assert lake.ingest().rows_landed == 1
    assert lake.query("select (select count(*) from {raw}), (select count(*) from {quarantine})") == [(1, 1)]
