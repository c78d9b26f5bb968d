"""Writes the day files: DuckDB makes the text, this module only moves bytes."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

from sluice.demo import damage
from sluice.demo.engine import Engine, set_variables
from sluice.demo.tables import TABLES, Table

# No quote, no escape, and a delimiter that no text holds: the one column is written as it is.
_AS_IT_IS = "format csv, quote '', escape '', delimiter E'\\x01'"
_COPY_BYTES = 1 << 20
# DuckDB's own gzip takes five times as long as zlib's level 1 (measured: 7 s against 1.2 s per million events).
_GZIP_LEVEL = 1
_RESENT_GZIP_LEVEL = 6


@dataclass(frozen=True)
class DayFile:
    """One delivered file: its path relative to the output directory, and how many records it holds."""

    path: str
    table: str
    records: int
    is_resent: bool = False


@dataclass(frozen=True)
class _Job:
    table: Table
    day: date
    records: int
    first_rowid: int
    fault: str | None


class Writer:
    """Writes what is ready, several files at a time. Use it as a context manager."""

    def __init__(self, engine: Engine, out: Path, work: Path, rates: Mapping[str, float], planned: damage.FileFaults) -> None:
        self.engine, self.out, self.work, self.rates, self.planned = engine, out, work, rates, planned
        self.pool = ThreadPoolExecutor(max_workers=max(engine.threads, 2))
        for table in TABLES:
            (out / table.folder).mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)

    def deliver(self, upto: date) -> list[DayFile]:
        """Write all files of days up to and including ``upto``, and take their rows out of the queues."""
        jobs = [job for table in TABLES for job in self._make_ready(table, upto)]
        return [file for files in self.pool.map(self._write, jobs) for file in files]

    def _make_ready(self, table: Table, upto: date) -> list[_Job]:
        connection, name = self.engine.connection, table.name
        connection.execute(
            f"""
            create or replace table ready_{name} as
            select *, {damage.choice_sql(table, self.rates)} as fault from queue_{name}
            where delivered_on <= $1 order by delivered_on, sort_at, sort_id
            """,
            [upto],
        )
        connection.execute(f"create table rest_{name} as select * from queue_{name} where delivered_on > $1", [upto])
        connection.execute(f"drop table queue_{name}")
        connection.execute(f"alter table rest_{name} rename to queue_{name}")
        damage.record_rows(self.engine, table)
        found = self.engine.rows(
            f"select delivered_on, count(*), min(rowid) from ready_{name} group by delivered_on order by delivered_on"
        )
        return [self._job(table, day, int(str(n)), int(str(first))) for day, n, first in found if isinstance(day, date)]

    def _job(self, table: Table, day: date, records: int, first_rowid: int) -> _Job:
        fault = self.planned.get((table.name, day))
        if fault is not None:
            damage.record_file(self.engine, table, day, fault, records)
        return _Job(table, day, records, first_rowid, fault)

    def _write(self, job: _Job) -> list[DayFile]:
        final = self.out / job.table.folder / f"{job.day}.{job.table.extension}"
        is_gzip = job.table.extension.endswith(".gz")
        text = self.work / f"{job.table.name}-{job.day}.txt" if is_gzip else final
        self._copy(job, text)
        if job.fault == "truncated_file":
            _drop_last_byte(text)
        if is_gzip:
            _gzip(text, final, _GZIP_LEVEL)
        files = [DayFile(f"{job.table.folder}/{final.name}", job.table.name, job.records)]
        if job.fault == "duplicate_delivery":
            files.append(self._resend(job, text, is_gzip))
        if is_gzip:
            text.unlink()
        return files

    def _copy(self, job: _Job, path: Path) -> None:
        text, columns = damage.line_sql(job.table, self.rates), job.table.columns
        if job.fault is not None:
            text, columns = damage.damaged_file_sql(job.table, job.fault)
        name, last_rowid = job.table.name, job.first_rowid + job.records - 1
        is_last = f"(sort_id = (select sort_id from ready_{name} where rowid = {last_rowid}))"
        with self.engine.cursor() as cursor:
            set_variables(cursor, {"path": str(path)})
            cursor.execute(
                f"""
                copy (
                    select {text.replace("is_last", is_last)} as "{",".join(columns)}"
                    from text_{name} where delivered_on = date '{job.day.isoformat()}'
                ) to (getvariable('path')) ({_AS_IT_IS}, header {str(job.table.is_csv).lower()})
                """
            )

    def _resend(self, job: _Job, text: Path, is_gzip: bool) -> DayFile:
        name = f"{job.day}_resent.{job.table.extension}"
        target = self.out / job.table.folder / name
        if is_gzip:
            _gzip(text, target, _RESENT_GZIP_LEVEL)
        else:
            shutil.copyfile(text, target)
        return DayFile(f"{job.table.folder}/{name}", job.table.name, job.records, is_resent=True)


def _drop_last_byte(path: Path) -> None:
    """Take the final line end away, as a cut-off transfer would."""
    os.truncate(path, path.stat().st_size - 1)


def _gzip(source: Path, target: Path, level: int) -> None:
    """Compress a file. No name and no time in the header: the same text gives the same bytes."""
    with (
        source.open("rb") as plain,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=raw, mtime=0) as packed,
    ):
        shutil.copyfileobj(plain, packed, _COPY_BYTES)
