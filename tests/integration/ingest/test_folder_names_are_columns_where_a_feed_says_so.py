"""Names of folders like d=2025-01-31 change nothing, unless the feed names them as partitions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sluice.ingest.readers.file_feed import folder_keys

FORMATS = ["csv", "json", "parquet"]


def deliver(lake: Any, format: str, name: str, **row: Any) -> None:
    path = lake.deliver(f"{name}.{format}", b"")
    if format == "parquet":
        pq.write_table(pa.table({key: [value] for key, value in row.items()}), path)
    elif format == "csv":
        path.write_text(f"{','.join(row)}\n{','.join(map(str, row.values()))}\n")
    else:
        path.write_text("{" + ", ".join(f'"{key}": "{value}"' for key, value in row.items()) + "}\n")


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_says_nothing_by_itself(lake_of: Any, format: str) -> None:
    lake = lake_of({"id": "varchar!", "status": "varchar"}, format=format)
    deliver(lake, format, "status=__HIVE_DEFAULT_PARTITION__/a", id="1", status="open")
    deliver(lake, format, "id=99/b", id="2", status="x")
    deliver(lake, format, "d=5/e=6/c", id="3", status="x")
    deliver(lake, format, "t0=9/line=8/d", id="4", status="x")  # as columns are called while they are read
    report = lake.ingest()
    assert (report.refused, report.new_columns) == ((), ())
    assert lake.query("select id, status from {raw} order by id") == [("1", "open"), ("2", "x"), ("3", "x"), ("4", "x")]


@pytest.mark.parametrize("format", FORMATS)
def test_a_partition_is_a_column_and_cast_like_text(lake_of: Any, format: str) -> None:
    lake = lake_of({"id": "varchar!", "d": "date", "shop": "varchar"}, format=format, partitions=("d", "shop"))
    deliver(lake, format, "d=2025-01-31/shop=a%20b/a", id="1")
    deliver(lake, format, "shop=__HIVE_DEFAULT_PARTITION__/d=2025-02-01/b", id="2")
    deliver(lake, format, "d=01%2F02%2F25/shop=c/c", id="3")
    for name in ("d=2025-01-01/d", "d=2025-01-01/shop=x/e=1/e", "f"):
        deliver(lake, format, name, id="4")
    deliver(lake, format, "d=2025-01-01/shop=x/g", id="5", d="2025-01-01")
    report = lake.ingest()
    assert lake.query("select id, d, shop from {raw} order by id") == [
        ("1", date(2025, 1, 31), "a b"),
        ("2", date(2025, 2, 1), None),
    ]
    assert lake.query("select detail, _file from {quarantine}") == [
        ("d: 01/02/25 does not fit date", f"d=01%2F02%2F25/shop=c/c.{format}")
    ]
    why = {file.removesuffix(f".{format}"): reason for file, reason in report.refused}
    assert set(why) == {"d=2025-01-01/d", "d=2025-01-01/shop=x/e=1/e", "f", "d=2025-01-01/shop=x/g"}
    assert why["d=2025-01-01/d"] == "its folders have the keys d; the feed's partitions are d, shop"
    assert why["f"] == "its folders have no key; the feed's partitions are d, shop"
    assert "folder" in why["d=2025-01-01/shop=x/g"]


def test_a_partition_that_the_contract_does_not_know_refuses_the_feed(lake_of: Any) -> None:
    lake = lake_of({"id": "varchar!"}, partitions=("d",))
    deliver(lake, "csv", "d=1/a", id="1")
    ((_, why),) = lake.ingest().refused
    assert "the partitions d are not in the contract test.rows" in why


def test_keys_of_folders() -> None:
    assert folder_keys("a=1/x/b=c%3Dd/k=__HIVE_DEFAULT_PARTITION__/e=5.csv") == {"a": "1", "b": "c=d", "k": None}
