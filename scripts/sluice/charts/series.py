"""Reads series for a chart: a file, a folder of files, or a query; finds which column is what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sluice.charts.settings import KINDS, TEXTBOOK_KINDS
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError, did_you_mean

READERS = {".csv": "read_csv", ".tsv": "read_csv", ".parquet": "read_parquet", ".json": "read_json", ".jsonl": "read_json"}
SHARES = ("p", "u", "laney_p", "laney_u")
_QUERY = re.compile(r"\s*(select|from|with|values|table)\b", re.IGNORECASE)
_TIMES, _NUMBERS = ("DATE", "TIMESTAMP"), ("INT", "DOUBLE", "FLOAT", "DECIMAL", "HUGEINT")
_TIME_NAME = re.compile(r"(date|day|time|timestamp|ts|month|week|.*_(at|on|date|day|time))$", re.IGNORECASE)
_NAMES = {"value": ("value", "y", "amount", "count"), "denominator": ("denominator", "total", "n"), "by": ("metric", "series")}


@dataclass(frozen=True)
class Columns:
    """Which column of a source is what. None: found by type and name."""

    time: str | None = None
    value: str | None = None
    denominator: str | None = None
    by: str | None = None


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

    Raises SluiceError where there is nothing to read, a column is not found, or a value does not suit the kind.
    """
    known = [*KINDS, *(TEXTBOOK_KINDS if is_textbook else [])]
    if kind not in known:
        hint = did_you_mean(kind, known, f"kinds are {', '.join(known)}")
        raise SluiceError(f"{kind!r} is not a kind of chart", where="--kind", hint=hint)
    sources = {"": f"({source.strip().rstrip(';')})"} if is_query(source) else _files(Path(source))
    connection.execute(
        "create or replace temp table series (metric varchar, kind varchar, measured_at timestamp, value double, "
        "denominator double, season integer, phase integer, label varchar)"
    )
    for name, relation in sources.items():
        _insert(connection, name, relation, kind, columns, name or source)
    said = _left_out(connection)
    _check(connection, kind, source)
    _mark(connection, phases)
    return said


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
    return {one.relative_to(base).as_posix(): f"{READERS[one.suffix.lower()]}({literal(str(one))})" for one in found}


def _insert(connection: duckdb.DuckDBPyConnection, name: str, relation: str, kind: str, columns: Columns, where: str) -> None:
    try:
        described = connection.execute(f"describe select * from {relation}").fetchall()
    except duckdb.Error as error:
        hint = "check the query; --database names the DuckDB file that it reads" if not name else "check the file"
        raise SluiceError(f"it cannot be read: {str(error).splitlines()[0]}", where=where, hint=hint) from error
    found = _found({row[0]: row[1] for row in described}, kind, columns, where)
    time = _time(found.time, dict(row[:2] for row in described))
    by = f"{identifier(found.by)}::varchar" if found.by else literal(name or "series")
    metric = f"{literal(name + ' ')} || {by}" if found.by and name and columns.by is None else by
    denominator = f"{identifier(found.denominator)}::double" if found.denominator else "null"
    connection.execute(
        f"insert into series select {metric}, {literal(kind)}, {time}, {identifier(found.value or '')}::double, {denominator}, "
        f"null, 0, {f'{identifier(found.time)}::varchar' if found.time else '(row_number() over ())::varchar'} from {relation}"
    )


def _time(name: str | None, types: dict[str, str]) -> str:
    """A time as it is; a number is a count of days, as is the order of rows without a time."""
    if name is None:
        return "timestamp '2000-01-01' + to_days((row_number() over ())::integer)"
    if any(part in types[name] for part in _NUMBERS):
        return f"timestamp '2000-01-01' + to_seconds({identifier(name)}::double * 86400)"
    return f"{identifier(name)}::timestamp"


def _found(types: dict[str, str], kind: str, given: Columns, where: str) -> Columns:
    for option in ("time", "value", "denominator", "by"):
        name = getattr(given, option)
        if name is not None and name not in types:
            hint = did_you_mean(name, types, f"its columns are {', '.join(types)}")
            raise SluiceError(f"the source has no column {name!r}", where=f"{where}, --{option}", hint=hint)
    times = [name for name, kind_of in types.items() if kind_of.startswith(_TIMES)]
    time = given.time or next(iter(times), None) or next((name for name in types if _TIME_NAME.match(name)), None)
    numbers = [name for name, kind_of in types.items() if name != time and any(part in kind_of for part in _NUMBERS)]
    denominator = given.denominator or (_named(numbers, "denominator") if kind in SHARES else None)
    value = given.value or _named([name for name in numbers if name != denominator], "value", or_first=True)
    if value is None:
        raise SluiceError("the source has no column of numbers", where=where, hint="name the column to chart by --value")
    if kind in SHARES and denominator is None:
        raise SluiceError(f"a {kind} chart needs a denominator", where=where, hint="name its column by --denominator")
    texts = [name for name, kind_of in types.items() if kind_of == "VARCHAR" and name != time]
    return Columns(time, value, denominator, given.by or _named(texts, "by"))


def _named(names: Sequence[str], what: str, *, or_first: bool = False) -> str | None:
    known = [name for name in names if name.lower() in _NAMES[what]]
    return known[0] if known else names[0] if or_first and names else None


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
    twice = connection.execute("select metric, label from series group by all having count(*) > 1 limit 1").fetchone()
    if twice is not None:
        hint = "group the query by time, or name the column that tells the series apart by --by"
        raise SluiceError(f"{twice[1]} has more than one value", where=f"{where}, {twice[0]}", hint=hint)


def _mark(connection: duckdb.DuckDBPyConnection, phases: Sequence[Phase]) -> None:
    """Number the phases, and give daily series their weekday as a season."""
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
        daily as (
            select metric from steps group by metric
            having median(epoch(step)) = 86400 and bool_and(measured_at = date_trunc('day', measured_at))
        )
        update series set season = isodow(measured_at) - 1 where metric in (from daily)
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
