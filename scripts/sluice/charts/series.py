"""Reads series for a chart: a file, a folder of files, or a query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sluice.charts import columns as columns_of
from sluice.charts.columns import Columns
from sluice.charts.settings import KINDS, TEXTBOOK_KINDS
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.text import plural

# The whole of a CSV decides on its types: one word in the last row would otherwise stop the reading.
_CSV = "read_csv({file}, sample_size = -1, nullstr = ['', 'NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', 'None'])"
READERS = {
    ".csv": _CSV,
    ".tsv": _CSV,
    ".parquet": "read_parquet({file})",
    ".json": "read_json({file})",
    ".jsonl": "read_json({file})",
}
_QUERY = re.compile(r"\s*(select|from|with|values|table)\b", re.IGNORECASE)
# The share of a series' times that may occur twice, as when the clocks go back; the first value counts. More: an error.
_TWICE = 0.05


@dataclass(frozen=True)
class Phase:
    """A change that is known: from this moment on, a series starts again."""

    since: str
    reason: str


def is_query(source: str) -> bool:
    """Whether it is SQL and not the name of a file."""
    return _QUERY.match(source) is not None


def load(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    kind: str,
    columns: Columns,
    phases: Sequence[Phase] = (),
    *,
    is_textbook: bool = False,
) -> list[str]:
    """Fill the table `series` from a file, a folder or a query. Returns what was left out, in words.

    Raises SluiceError where there is nothing to read, a column is not found, or a value does not suit the kind. Of a
    folder, a file that has no series is left out.
    """
    columns_of.check_kind(kind, [*KINDS, *(TEXTBOOK_KINDS if is_textbook else [])])
    connection.execute("set timezone = 'UTC'")
    connection.execute(
        "create or replace temp table series (metric varchar, kind varchar, measured_at timestamp, value double, "
        "denominator double, season integer, phase integer, label varchar)"
    )
    if is_query(source):
        _insert(connection, "", f"({source.strip().rstrip(';')})", kind, columns, source)
        said: list[str] = []
    else:
        said = _insert_files(connection, Path(source), kind, columns)
    said += _left_out(connection)
    _check(connection, kind, source)
    said += _once(connection, source)
    _mark(connection, phases)
    return said


def _insert_files(connection: duckdb.DuckDBPyConnection, path: Path, kind: str, columns: Columns) -> list[str]:
    sources = _files(path)
    failed: list[SluiceError] = []
    for name, relation in sources.items():
        try:
            _insert(connection, name, relation, kind, columns, name)
        except SluiceError as error:
            failed.append(error)
    if len(failed) == len(sources):
        raise failed[0]
    return [f"{plural(len(failed), 'file')} left out, such as {failed[0].where}: {failed[0].what}"] if failed else []


def _files(path: Path) -> dict[str, str]:
    if not path.exists():
        hint = "name a CSV, JSON or Parquet file, a folder of them, or a query"
        raise SluiceError("no such file or folder", where=str(path), hint=hint)
    found = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.suffix.lower() in READERS)
    if not found or (path.is_file() and path.suffix.lower() not in READERS):
        hint = f"files that can be read end in {', '.join(READERS)}"
        what = "this kind of file cannot be read" if path.is_file() else "the folder has no file that can be read"
        raise SluiceError(what, where=str(path), hint=hint)
    base = path.parent if path.is_file() else path
    return {one.relative_to(base).as_posix(): READERS[one.suffix.lower()].format(file=literal(str(one))) for one in found}


def _insert(connection: duckdb.DuckDBPyConnection, name: str, relation: str, kind: str, columns: Columns, where: str) -> None:
    try:
        found, time = columns_of.found(connection, relation, kind, columns, where)
        by = f"{identifier(found.by)}::varchar" if found.by else literal(name or "series")
        metric = f"{literal(name + ' ')} || {by}" if found.by and name and columns.by is None else by
        denominator = f"{identifier(found.denominator)}::double" if found.denominator else "null"
        label = f"{identifier(found.time)}::varchar" if found.time else "(row_number() over ())::varchar"
        connection.execute(
            f"insert into series select {metric}, {literal(kind)}, {time}, {identifier(found.value or '')}::double, "
            f"{denominator}, null, 0, {label} from {relation}"
        )
    except duckdb.Error as error:
        hint = "check the query; --database names the DuckDB file that it reads" if not name else "check the file"
        raise SluiceError(f"it cannot be read: {str(error).splitlines()[0]}", where=where, hint=hint) from error


def _check(connection: duckdb.DuckDBPyConnection, kind: str, where: str) -> None:
    """No kind accepts every number: a count cannot be negative, a share cannot exceed its denominator."""
    wrong = {
        "count": "value < 0",
        "t": "value < 0",
        "g": "value < 0",
        "u": "value < 0 or denominator is null or denominator <= 0",
        "p": "value < 0 or denominator is null or denominator <= 0 or value > denominator",
    }.get(kind.removeprefix("laney_"), "false")
    row = connection.execute(f"select metric, label, value, denominator from series where {wrong} limit 1").fetchone()
    if row is not None:
        said = f"{row[2]:g}" + (f" of {row[3]:g}" if row[3] is not None else "")
        hint = f"chart it as another kind: {', '.join(KINDS)}"
        raise SluiceError(f"{said} is not valid in a {kind} chart", where=f"{where}, {row[0]} at {row[1]}", hint=hint)


def _once(connection: duckdb.DuckDBPyConnection, where: str) -> list[str]:
    """One value for each moment: the first. Raises SluiceError where that would leave out many."""
    connection.execute(
        "create or replace temp table again as select rowid as row, metric, label, row_number() over one_time as time "
        "from series window one_time as (partition by metric, measured_at order by rowid)"
    )
    many = connection.execute(
        f"select metric, min(label) filter (time > 1) from again group by metric having avg((time > 1)::int) > {_TWICE} limit 1"
    ).fetchone()
    if many is not None:
        hint = "group the query by time, or name the column that tells the series apart by --by"
        raise SluiceError(f"{many[1]} has more than one value", where=f"{where}, {many[0]}", hint=hint)
    row = connection.execute("delete from series where rowid in (select row from again where time > 1)").fetchone()
    connection.execute("drop table again")
    return [f"{row[0]:,} rows were left out, because their time has a value already"] if row and row[0] else []


def _mark(connection: duckdb.DuckDBPyConnection, phases: Sequence[Phase]) -> None:
    """Number the phases, and give each series the season of its step: the weekday of days, the hour of what is shorter."""
    for phase in phases:
        try:
            connection.execute(f"update series set phase = phase + 1 where measured_at >= {literal(phase.since)}::timestamp")
        except duckdb.Error as error:
            hint = "write --phase 2026-03-01=reason"
            raise SluiceError(f"{phase.since!r} is not a date or a time", where="--phase", hint=hint) from error
    connection.execute("""
        with steps as (
            select metric, measured_at, measured_at - lag(measured_at) over (partition by metric order by measured_at) as step
            from series
        ),
        typical as (
            select
                metric, median(epoch(step)) as step,
                bool_and(measured_at = date_trunc('day', measured_at)) as is_daily
            from steps group by metric
        )
        update series set season = if(is_daily, isodow(measured_at) - 1, hour(measured_at))
        from typical
        where typical.metric = series.metric and (typical.step <= 6 * 3600 or (is_daily and typical.step = 86400))
    """)


def _left_out(connection: duckdb.DuckDBPyConnection) -> list[str]:
    row = connection.execute(
        "delete from series where value is null or not isfinite(value) or measured_at is null "
        "or (denominator is not null and coalesce(denominator, 0) = 0 and value = 0)"
    ).fetchone()
    kept = connection.execute("select count(*) from series").fetchone()
    if not kept or not kept[0]:
        raise SluiceError("the source has no value to chart", where="--from", hint="no row has a time and a number")
    return [f"{row[0]:,} rows without a value or a time were left out"] if row and row[0] else []
