"""(g) Ingest of many clean CSV files, beside dlt's Arrow path into a Delta table: whole processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from lab.bench.process import Cost, Ratio, compare, measure
from lab.places import BIN, REPOSITORY

ROWS, FILES = 1_800_000, 300
COLUMNS = {
    "order_id": "bigint",
    "customer": "varchar",
    "ordered_at": "timestamp",
    "quantity": "integer",
    "price": "decimal(12,2)",
    "country": "varchar",
}
_ROWS = """
    select range as order_id, 'customer ' || range % 90000 as customer, timestamp '2026-01-01' + to_seconds(range) as ordered_at,
        range % 7 + 1 as quantity, (range * 37 % 90000 / 100)::decimal(12, 2) as price,
        ['DE', 'FR', 'GB'][range % 3 + 1] as country
    from range({first}, {last})
"""
_CONTRACT = """
sources:
  - name: bench
    tables:
      - name: rows
        columns:
{columns}
"""


def bench_dlt(root: Path, runs: int) -> dict[str, Any]:
    """Both ways, in turns; `root` is scratch, in which the files and dlt's environment are kept."""
    files, state = _files(root / "csv"), root / "state"
    python = _environment_of_dlt(root / "dlt")
    ours, theirs = list[Cost](), list[Cost]()
    for _ in range(runs):
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
        ours.append(_sluice(files, state))
        theirs.append(_dlt(python, files, state / "dlt"))
        found = {
            "sluice": _count(state / "lake/raw/bench/rows"),
            "dlt": _count(next((state / "dlt").rglob("rows/_delta_log")).parent),
        }
        if set(found.values()) != {ROWS}:
            raise SystemExit(f"benchmark stopped: rows landed: {found}")
    return {"rows": ROWS, "files": FILES, **asdict(compare(ours, theirs))}


def section(report: Mapping[str, Any]) -> str:
    """The page's part."""
    if "dlt" not in report:
        return ""
    found: Ratio = Ratio(**{key: value for key, value in report["dlt"].items() if key not in ("rows", "files")})
    return f"""
## (g) Ingest beside dlt

{ROWS:,} clean rows of {len(COLUMNS)} columns in {FILES} CSV files into a Delta table, {found.runs} run(s) on
{report["dlt_on"]}, whole processes. dlt reads Arrow batches, which is its fastest way; `sluice ingest` also checks each value
against a contract, and remembers the digest of each file. The aim is half of dlt's time.

| | seconds | processor seconds |
| --- | ---: | ---: |
| `sluice ingest` | {found.seconds:,.1f} | {found.processor_seconds:,.1f} |
| dlt | {found.yardstick_seconds:,.1f} | {found.yardstick_processor_seconds:,.1f} |
| ratio | {found.ratio:.2f} | {found.processor_ratio:.2f} |
"""


def _files(folder: Path) -> Path:
    if not folder.exists():
        folder.mkdir(parents=True)
        step = ROWS // FILES
        for number in range(FILES):
            rows = _ROWS.format(first=number * step, last=(number + 1) * step)
            duckdb.sql(f"copy ({rows}) to '{folder}/{number:03}.csv' (header)")
    return folder


def _environment_of_dlt(folder: Path) -> Path:
    """A Python that has dlt, as requirements/dlt.txt pins it."""
    python = folder / "bin" / "python"
    if not python.exists():
        uv, env = str(BIN / "uv"), {**os.environ, "UV_SYSTEM_CERTS": "1", "VIRTUAL_ENV": str(folder)}
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], env=env, check=True)
        subprocess.run(
            [uv, "pip", "sync", "--quiet", "--compile-bytecode", "requirements/dlt.txt"], env=env, cwd=REPOSITORY, check=True
        )
    return python


def _sluice(files: Path, state: Path) -> Cost:
    """Ingest in a project that is one contract."""
    project = state / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: bench\n")
    (project / "environments.yml").write_text("environments: {}\n")  # a project of its own inside of this one
    columns = "\n".join(f"          - {{name: {name}, data_type: '{kind}'}}" for name, kind in COLUMNS.items())
    (project / "models" / "sources.yml").write_text(_CONTRACT.format(columns=columns))
    (project / "feeds.yml").write_text(f"feeds: [{{source: bench, table: rows, format: csv, path: '{files}/*.csv'}}]\n")
    env = {**os.environ, "SLUICE_LAKE": str(state / "lake"), "SLUICE_WAREHOUSE": str(state)}
    return measure([str(BIN / "sluice"), "ingest", "feeds.yml"], env, project)


def _dlt(python: Path, files: Path, target: Path) -> Cost:
    target.mkdir()
    env = {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "PYTHONPATH": "", "HOME": str(target)}
    script = Path(__file__).with_name("dlt_load.py")
    return measure([str(python), str(script), str(files), str(target), json.dumps(COLUMNS)], env, target)


def _count(table: Path) -> int:
    """Rows of a Delta table."""
    return int(DeltaTable(str(table)).to_pyarrow_dataset().count_rows())
