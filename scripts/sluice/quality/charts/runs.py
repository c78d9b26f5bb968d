"""The series that have a point for each run: what the history knows of tables, columns, feeds and steps."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from sluice.charts.settings import Settings

POINTS = 100  # of a series, the newest
# What hurts only where it rises.
_UP = (
    *("age_hours", "seconds", "rejected_share", "psi", "ks"),
    *("new_categories", "vanished_categories", "columns_changed"),
)


def add(connection: duckdb.DuckDBPyConnection, query: str, owners: Mapping[str, str | None]) -> None:
    """Add the series of a query (metric, kind, measured_at, value, denominator, relation, measure) to the tables of `measured`.

    They warn, about the newest point. A project has hundreds, and each costs: those with too few points to be judged are left
    out, and those that have never had another value.
    """
    connection.execute(f"""
        create or replace temp table runs as
        select
            metric, any_value(kind) as kind, measured_at, arg_max(value, measured_at) as value,
            any_value(denominator) as denominator, any_value(relation) as relation, any_value(measure) as measure,
            arg_max(coalesce(value / denominator, value), measured_at) as share
        from ({query}) as runs
        where isfinite(value) and measured_at is not null
            and case kind
                when 'p' then value between 0 and denominator and denominator > 0
                when 'u' then value >= 0 and denominator > 0
                when 'value' then true
                when 'amount' then true
                else value >= 0
            end
        group by metric, measured_at
        qualify
            row_number() over (partition by metric order by measured_at desc) <= {POINTS}
            and count(*) over (partition by metric) > {Settings().least}
            and min(share) over (partition by metric) < max(share) over (partition by metric)
    """)
    connection.execute("create or replace temp table owners (relation varchar, owner varchar)")
    if owners:
        connection.executemany("insert into owners values (?, ?)", [list(one) for one in owners.items()])
    connection.execute(
        """
        insert into followed
        select
            metric, coalesce(any_value(relation), 'run'), coalesce(any_value(relation), 'run'), any_value(measure),
            nullif(regexp_extract(metric, '\\{(.*)\\}$', 1), ''), any_value(kind), 'warn',
            if(any_value(measure) in (from unnest(?)), 'up', 'both'), any_value(owner), 1, null
        from runs left join owners using (relation)
        group by metric
    """,
        [list(_UP)],
    )
    connection.execute("insert into measured_points select metric, kind, measured_at, value, denominator, null from runs")
