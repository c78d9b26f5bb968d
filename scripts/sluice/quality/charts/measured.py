"""Measures what models follow, in the warehouse file: one point for each day and series, into the table `measured_points`.

A day counts from the first to the newest day of the model. Days without rows are 0 for counts and absent for everything else.
Rows that are dated after today, or more than GAP days away from nearly all others, do not lengthen a series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from sluice.charts.settings import KINDS
from sluice.core.duck import identifier, literal
from sluice.core.errors import SluiceError
from sluice.core.text import percent, plural
from sluice.quality.charts.declared import Follow, FollowedModel

GAP = 30  # days without any row, behind which less than STRAY of all rows does not count
STRAY = 0.01

POINTS = """
create or replace temp table measured_points (
    metric varchar, kind varchar, measured_at timestamp, value double, denominator double, season integer
);
create or replace temp table followed (
    metric varchar, relation varchar, model varchar, measure varchar, dimension varchar, kind varchar, severity varchar,
    direction varchar, owner varchar, new_points integer, memory integer
);
create or replace temp table phases (metric varchar, since timestamp)
"""


@dataclass(frozen=True)
class _Span:
    """The days of a model that count."""

    first: date
    newest: date


def measure(connection: duckdb.DuckDBPyConnection, models: Sequence[FollowedModel], today: date) -> list[str]:
    """Fill the tables of POINTS from the file that is open; give what was left out, in words.

    Raises SluiceError where a relation is missing or a text is not SQL of it, or a value does not suit its kind.
    """
    connection.execute(POINTS)
    notes: list[str] = []
    for model in models:
        taken: set[str] = set()
        for follow in model.follows:
            try:
                notes += _followed(connection, model, follow, today, taken)
            except duckdb.Error as error:
                raise _not_sql(connection, model, follow, error) from error
    # Without a value, or as a share of nothing, a day has no point.
    connection.execute("delete from measured_points where value is null or not isfinite(value) or coalesce(denominator, 1) = 0")
    _check(connection)
    return list(dict.fromkeys(notes))


def _followed(
    connection: duckdb.DuckDBPyConnection, model: FollowedModel, follow: Follow, today: date, taken: set[str]
) -> Iterator[str]:
    """Measure one entry. `taken` are the measures whose series of all rows another entry has."""
    span, left_out = _span(connection, model, follow, today)
    yield from left_out
    if span is None:
        return
    _aggregate(connection, model, follow, span)
    yield from _largest(connection, model, follow)
    for number, name in enumerate(follow.measured):
        with_whole = name not in taken and (follow.total or not follow.by)
        taken |= {name} if with_whole else set()
        _insert(connection, model, follow, number, span, with_whole=with_whole, is_followed_whole=name in taken)


def _rows(model: FollowedModel, follow: Follow) -> str:
    """The rows that are followed, with their day and what tells their series apart."""
    parts = [f"{literal(column + '=')} || coalesce({identifier(column)}::varchar, '(null)')" for column in follow.by]
    dimension = " || ',' || ".join(parts) or "''"
    return (
        f"select *, ({follow.at}\n)::date as sluice_day, {dimension} as sluice_series "
        f"from {_relation(model)} where ({follow.where or 'true'}\n)"
    )


def _relation(model: FollowedModel) -> str:
    return f"{identifier(model.schema)}.{identifier(model.alias)}"


def _span(
    connection: duckdb.DuckDBPyConnection, model: FollowedModel, follow: Follow, today: date
) -> tuple[_Span | None, list[str]]:
    """The days to judge, the newest of which is over; and how many rows are dated so that they do not count."""
    first, newest, late, early = connection.execute(f"""
        with days as (
            select sluice_day as day, count(*) as row_count
            from ({_rows(model, follow)}) where sluice_day is not null
            group by day
        ),
        starts as (
            select *, coalesce(day - lag(day) over (order by day) > {GAP}, false)::int as is_start
            from days where day <= {_day(today)}
        ),
        numbered as (select *, sum(is_start) over (order by day) as island from starts),
        islands as (
            select min(day) as first_day, max(day) as newest_day, sum(row_count) / sum(sum(row_count)) over () as share
            from numbered group by island
        ),
        span as (
            select coalesce(min(first_day) filter (share >= {STRAY}), min(first_day)) as first_day,
                coalesce(max(newest_day) filter (share >= {STRAY}), max(newest_day)) as newest_day
            from islands
        )
        select any_value(first_day), any_value(newest_day),
            sum(row_count) filter (day > newest_day), sum(row_count) filter (day < first_day)
        from span left join days on true
    """).fetchone() or (None, None, None, None)
    if newest is None:
        return None, []
    where = _what(model, follow)
    notes = [f"{where}: {plural(int(late), 'row')} dated after {newest}"] if late else []
    notes += [f"{where}: {plural(int(early), 'row')} dated before {first}"] if early else []
    last = min(newest, today - timedelta(days=1)) - timedelta(days=follow.wait)
    first = max(first, last - timedelta(days=follow.days - 1))
    return (_Span(first, last) if last >= first else None), [f"{note}: left out" for note in notes]


def _what(model: FollowedModel, follow: Follow) -> str:
    return f"{model.relation} by {', '.join(follow.by)}" if follow.by else model.relation


def _day(day: date) -> str:
    return f"date '{day}'"


def _aggregate(connection: duckdb.DuckDBPyConnection, model: FollowedModel, follow: Follow, span: _Span) -> None:
    """The table `measured`: a row for each day and dimension; all rows of a day have the dimension ''."""
    figures = "".join(
        f", ({value}\n)::double as value_{number}, ({denominator}\n)::double as denominator_{number}"
        for number, (value, denominator) in enumerate(one.figures for one in follow.measured.values())
    )
    sets = "(sluice_day), (sluice_day, sluice_series)" if follow.by else "(sluice_day)"
    connection.execute(f"""
        create or replace temp table measured as
        select sluice_day as day, {"coalesce(sluice_series, '')" if follow.by else "''"} as dimension,
            count(*) as row_count{figures}
        from ({_rows(model, follow)})
        where sluice_day between {_day(span.first)} and {_day(span.newest)}
        group by grouping sets ({sets})
    """)


def _largest(connection: duckdb.DuckDBPyConnection, model: FollowedModel, follow: Follow) -> Iterator[str]:
    """Leave out all but the most frequent values of a dimension, and say so."""
    connection.execute("""
        create or replace temp table sizes as
        select dimension, sum(row_count) as row_count, row_number() over (order by sum(row_count) desc, dimension) as place
        from measured where dimension <> '' group by dimension
    """)
    left_out, rows, all_rows = connection.execute(f"""
        select count(*) filter (place > {follow.most}), sum(row_count) filter (place > {follow.most}), sum(row_count) from sizes
    """).fetchone() or (0, 0, 0)
    if left_out:
        connection.execute(f"delete from measured where dimension in (select dimension from sizes where place > {follow.most})")
        share = percent(int(rows), int(all_rows))
        followed = f"the {follow.most} most frequent values are followed"
        yield f"{_what(model, follow)}: {followed}; {left_out:,} others have {share} of the rows"


def _insert(
    connection: duckdb.DuckDBPyConnection,
    model: FollowedModel,
    follow: Follow,
    number: int,
    span: _Span,
    *,
    with_whole: bool,
    is_followed_whole: bool,
) -> None:
    """Add the series of one measure; that of all rows only `with_whole`. `is_followed_whole`: there is one, here or elsewhere."""
    name, one = list(follow.measured.items())[number]
    metric = f"{literal(f'{model.relation}.{name}')} || if(dimension = '', '', '{{' || dimension || '}}')"
    which = f"{with_whole} or dimension <> ''"
    connection.execute(f"""
        insert into followed
        select distinct {metric}, {literal(model.relation)}, {literal(model.name)}, {literal(name)}, nullif(dimension, ''),
            {literal(one.chart)}, {literal(one.severity)}, {literal(one.direction)}, {literal(follow.owner or model.owner)},
            {follow.new_days}, {literal(follow.memory)}
        from measured where {which}
    """)
    is_count = one.chart == "count"
    days = (
        _every_day(span, is_followed_whole=is_followed_whole)
        if is_count
        else f"select * from measured where row_count >= {one.least_rows or 0}"
    )
    connection.execute(f"""
        insert into measured_points
        select {metric}, {literal(one.chart)}, day, {f"coalesce(value_{number}, 0)" if is_count else f"value_{number}"},
            denominator_{number}, isodow(day) - 1
        from ({days}) where {which}
    """)
    for phase in follow.phases:
        connection.execute(f"insert into phases select distinct {metric}, {_day(phase.since)} from measured where {which}")


def _every_day(span: _Span, *, is_followed_whole: bool) -> str:
    """All days of a series since its first one, also those without rows.

    Where the whole model has no row, the shop was closed, or nothing came: if the whole is followed, that is one point of it,
    and not one of each series.
    """
    days = "dimension = '' or day in (select day from measured where dimension = '')" if is_followed_whole else "true"
    return f"""
        select * from (
            select dimension, unnest(generate_series(first_day, {_day(span.newest)}, interval 1 day))::date as day
            from (
                select dimension, if(dimension = '', {_day(span.first)}, min(day)) as first_day from measured group by dimension
            )
        ) left join measured using (dimension, day)
        where {days}
    """


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    """No kind accepts every number: a count cannot be negative, a share cannot exceed its denominator."""
    row = connection.execute("""
        select metric, kind, measured_at::date, value, denominator from measured_points
        where kind not in ('value', 'amount') and (value < 0 or denominator < 0 or (kind = 'p' and value > denominator))
        order by metric, measured_at limit 1
    """).fetchone()
    if row is not None:
        metric, kind, day, value, denominator = row
        said = f"{value:g}" + (f" of {denominator:g}" if denominator is not None else "")
        hint = f"follow it as another kind: {', '.join(KINDS)}"
        raise SluiceError(f"{said} on {day} is not valid for the kind {kind}", where=metric, hint=hint)


def _not_sql(connection: duckdb.DuckDBPyConnection, model: FollowedModel, follow: Follow, error: duckdb.Error) -> SluiceError:
    """The error with the text that causes it: each is tried alone."""
    relation = _relation(model)
    texts = {
        "at": f"select ({follow.at}\n)::date from {relation}",
        "where": f"select 1 from {relation} where ({follow.where or 'true'}\n)",
    }
    texts |= {f"by {column}": f"select {identifier(column)} from {relation}" for column in follow.by}
    for name, one in follow.measured.items():
        value, denominator = one.figures
        texts[name] = f"select count(*), {value}\n, {denominator}\n from {relation}"
    where = model.relation
    for name, query in texts.items():
        try:
            connection.execute(f"{query} limit 0")
        except duckdb.Error as own:
            error, where = own, f"{model.relation}, follow: {name}"
            break
    said = model.personal.message(str(error).splitlines()[0])
    hint = "write SQL on the columns of the model; a value is an aggregate, such as median(amount)"
    return SluiceError(f"what is followed cannot be measured: {said}", where=where, hint=hint)
