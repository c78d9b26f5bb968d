"""Makes a demo: plans parts, runs the SQL part by part, writes each part's days."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from sluice.core.errors import SluiceError
from sluice.core.progress import Tell, silent
from sluice.demo import damage, folder
from sluice.demo.deliver import DayFile, Writer
from sluice.demo.engine import Engine
from sluice.demo.options import DemoOptions
from sluice.demo.tables import TABLES


@dataclass(frozen=True)
class DemoReport:
    """What was made. ``rows``: by table, without resent files; ``records``: those of all files."""

    out: Path
    files: int
    total_bytes: int
    rows: dict[str, int]
    records: dict[str, int]
    faults: dict[str, int]
    seconds: float


def generate(options: DemoOptions, out: Path, *, force: bool = False, tell: Tell = silent) -> DemoReport:
    """Write a demo into ``out``: day files per source and table, truth/faults.csv and truth/summary.json.

    The same options (threads, memory limit and part size aside) give the same bytes. ``tell`` gets what is being done and
    the share done. Raises SluiceError when ``out`` may not be written, or disk or memory do not suffice; then the
    directory is left marked as unfinished and the next call replaces it.
    """
    started = time.monotonic()
    work = folder.claim(out, force=force)
    try:
        files, found = _make(options, out, work, tell)
    except (duckdb.Error, OSError) as error:
        raise SluiceError(f"the demo could not be made: {error}", where=str(out)) from error
    finally:
        folder.clear_work(out)
    report = _report(out, files, found, time.monotonic() - started)
    _write_summary(options, report, files)
    folder.finish(out, _parameters(options))
    return report


def plan_parts(orders_by_day: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Cut the days into runs (first, last) of at most ``most`` orders, at least one day each."""
    parts: list[tuple[int, int]] = []
    first, held = 0, 0
    for day, orders in enumerate(orders_by_day):
        if day > first and held + orders > most:
            parts.append((first, day - 1))
            first, held = day, 0
        held += orders
    parts.append((first, len(orders_by_day) - 1))
    return parts


def _make(options: DemoOptions, out: Path, work: Path, tell: Tell) -> tuple[list[DayFile], dict[str, int]]:
    engine = Engine(options, work)
    try:
        tell("calendar, rates, catalogue", 0.0)
        engine.run_once()
        planned = damage.plan_file_faults(engine, options.faults)
        damage.prepare(engine, options.faults, planned)
        counts = [int(str(n)) for (n,) in engine.rows("select n_orders from days order by day_no")]
        files: list[DayFile] = []
        with Writer(engine, out, work, options.faults, planned) as writer:
            for first, last in plan_parts(counts, options.orders_per_part):
                last_on = options.start + timedelta(days=last)
                tell(f"{options.start + timedelta(days=first)} to {last_on}", sum(counts[:first]) / options.orders)
                engine.run_part(first, last)
                files += writer.deliver(last_on)
        return files, damage.write_truth(engine, out / "truth" / "faults.csv")
    finally:
        engine.close()


def _report(out: Path, files: list[DayFile], found: dict[str, int], seconds: float) -> DemoReport:
    records = {table.name: 0 for table in TABLES}
    rows = dict(records)
    for file in files:
        records[file.table] += file.records
        rows[file.table] += 0 if file.is_resent else file.records
    total_bytes = sum((out / file.path).stat().st_size for file in files)
    return DemoReport(out, len(files), total_bytes, rows, records, found, round(seconds, 2))


def _parameters(options: DemoOptions) -> dict[str, object]:
    named = {name: getattr(options, name) for name in ("orders", "days", "seed", "fraud")}
    return {**named, "start": options.start.isoformat(), "faults": dict(sorted(options.faults.items()))}


def _write_summary(options: DemoOptions, report: DemoReport, files: list[DayFile]) -> None:
    summary = {
        "parameters": _parameters(options),
        "rows": {f"{table.source}.{table.name}": report.rows[table.name] for table in TABLES},
        "records": {f"{table.source}.{table.name}": report.records[table.name] for table in TABLES},
        "faults": report.faults,
        "files": {file.path: file.records for file in sorted(files, key=lambda file: file.path)},
    }
    path = report.out / "truth" / "summary.json"
    path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
