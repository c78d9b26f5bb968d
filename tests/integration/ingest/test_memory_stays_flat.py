"""Ten times the file, the same memory: peaks of two processes of their own, under a small limit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from tests.helpers.project import REPOSITORY

WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.helpers.lake import contract
from sluice.ingest.readers import READERS
from sluice.ingest import run as ingest
root, kind = Path(sys.argv[2]), sys.argv[3]
promised = {"test.rows": contract({"id": "bigint!", "filler": "varchar", "at": "timestamp", "price": "decimal(12,2)"})}
ingest.prepare(root / "lake", promised)
feed = READERS[kind]("test", "rows", path=str(root / f"in.{kind}"))
(report,) = ingest.run([feed], promised, root / "lake", run_id="memory", memory_limit="256MB")
assert report.rows_landed == int(sys.argv[4]), report
"""


def peak_mib(root: Path, kind: str, rows: int, duck: duckdb.DuckDBPyConnection) -> float:
    """Peak resident memory of ingesting a file of that many rows."""
    root.mkdir()
    select = f"""
        select range as id, repeat(md5(range::varchar), 3) as filler, timestamp '2025-01-01' + range * interval 1 second as at,
            (range % 10000 / 100)::decimal(12, 2) as price from range({rows})
    """
    duck.execute(f"copy ({select}) to '{root}/in.{kind}' (format {kind}{', array false' if kind == 'json' else ''})")
    process = subprocess.Popen([sys.executable, "-c", WORKER, str(REPOSITORY), str(root), kind, str(rows)])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_peak_memory_does_not_grow_with_the_file(tmp_path: Path, duck: duckdb.DuckDBPyConnection, kind: str) -> None:
    small = peak_mib(tmp_path / "small", kind, 300_000, duck)
    large = peak_mib(tmp_path / "large", kind, 3_000_000, duck)
    assert large < small + 300, f"{kind}: {small:.0f} MiB for 300,000 rows, {large:.0f} MiB for 3,000,000"
