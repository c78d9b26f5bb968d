"""What everything about quarantine is read from, over the lake's tables and the mart of refused rows.

`decisions`      one row per decision
`waivers`        one row per live waiver: of a row, against a rule
`refused_rows`   one row per refused row, with the decision that counts for it
`waived_rows`    the same per live waiver
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sluice.core.duck import literal
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, DecisionEntry


def create(connection: duckdb.DuckDBPyConnection, lake: Path, mart: str | None) -> None:
    """Make them; `mart` is the relation of the mart in an attached warehouse, None without one.

    What people decided is little, and read once; the rows themselves stay where they are.
    """
    tables = {
        "decisions": ledger.query(lake, DecisionEntry),
        "newest": _NEWEST,
        "newest_by_rule": _NEWEST_BY_RULE,
        "waivers": _WAIVERS,
        "batches": f"select distinct batch_id from ({ledger.query(lake, BatchEntry)})",
    }
    views = {
        "door": f"select * from ({_door(lake)}) where batch_id in (select batch_id from batches)",
        "warehouse": _mart(mart),
        "settled": _SETTLED,
        "refused_rows": _REFUSED_ROWS,
        "waived_rows": _WAIVED_ROWS,
    }
    for name, query in tables.items():
        connection.execute(f"create temp table {name} as {query}")
    for name, query in views.items():
        connection.execute(f"create temp view {name} as {query}")


_NEWEST = """
    select quarantine_id, any_value(place) as place, count(*) as decisions, min(decided_at) as first_decided_at,
        -- What ends every waiver of the row before it.
        max(case when decision in ('dropped', 'corrected') or rule is null then decided_at end) as ended_at,
        max_by(struct_pack(decision, correction_batch_id, rule, feed, entity, row_key, batch_id, source_file, source_position),
            (decided_at, decision_id)) as last
    from decisions group by quarantine_id
"""
_NEWEST_BY_RULE = """
    select quarantine_id, rule, max(decided_at) as decided_at,
        max_by(struct_pack(decision, until_at), (decided_at, decision_id)) as last
    from decisions where rule is not null group by quarantine_id, rule
"""
_WAIVERS = """
    select newest_by_rule.quarantine_id, newest_by_rule.rule, newest_by_rule.last.until_at as until_at, decided_at
    from newest_by_rule inner join newest using (quarantine_id)
    where newest_by_rule.last.decision = 'waived' and (ended_at is null or decided_at > ended_at)
"""
# A waived row that a build has let in is in no mart of refused rows: its decisions still know it.
_SETTLED = """
    with waived as (select quarantine_id, max_by(rule, decided_at) as rule from waivers group by quarantine_id)
    select quarantine_id, 'warehouse' as place, last.feed as feed, last.entity as entity, last.row_key as row_key,
        coalesce(waived.rule, last.rule) as rule, null::varchar as reason, null::varchar as column_name,
        null::boolean as may_be_waived, null::decimal(38, 4) as amount, null::varchar as currency_code,
        last.batch_id as batch_id, last.source_file as source_file, last.source_position as source_position,
        first_decided_at as refused_at, null::varchar as original_text
    from newest left join waived using (quarantine_id)
    where place = 'warehouse' and quarantine_id not in (select quarantine_id from warehouse)
"""
_REFUSED_ROWS = """
    with united as (
        select *, true as is_refused from door
        union all select *, true from warehouse
        union all select *, false from settled
    ),
    judged as (
        select united.*,
            case when newest.last.decision in ('dropped', 'corrected') then newest.last.decision
                when waivers.rule is not null then 'waived'
                when newest_by_rule.last.decision = 'expired' then 'expired' end as decision,
            waivers.until_at, newest.last.correction_batch_id as correction_batch_id, coalesce(decisions, 0) as decisions
        from united
        left join newest on united.quarantine_id = newest.quarantine_id
        left join newest_by_rule
            on united.quarantine_id = newest_by_rule.quarantine_id and united.rule = newest_by_rule.rule
        left join waivers on united.quarantine_id = waivers.quarantine_id and united.rule = waivers.rule
    )
    select * exclude (is_refused, decision, until_at, correction_batch_id, decisions),
        case when decision in ('waived', 'corrected') then 'released'
            when decision = 'dropped' then 'dropped'
            when is_refused then 'open' else 'expired' end as status,
        decision, until_at, correction_batch_id, decisions
    from judged
"""
_WAIVED_ROWS = """
    select refused_rows.* replace (
        waivers.rule as rule, 'released' as status, 'waived' as decision, waivers.until_at as until_at
    )
    from waivers inner join refused_rows using (quarantine_id)
"""


def _door(lake: Path) -> str:
    """SQL of what ingest refused; `batch_id` tells which of it counts (its batch has landed)."""
    tables = sorted(path.parent for path in (lake / "quarantine").glob("*/*/_delta_log"))
    return " union all ".join(_door_table(path) for path in tables) if tables else _NO_DOOR


def _door_table(path: Path) -> str:
    return f"""
        select md5(concat_ws('|', 'door', _batch_id, _file, _position)) as quarantine_id, 'door' as place,
            {literal(f"{path.parent.name}.{path.name}")} as feed, null::varchar as entity, null::varchar as row_key,
            reason as rule, detail as reason, column_name, false as may_be_waived, null::decimal(38, 4) as amount,
            null::varchar as currency_code, _batch_id as batch_id, _file as source_file, _position as source_position,
            _loaded_at as refused_at, original_text
        from delta_scan({literal(str(path))})
    """


_NO_DOOR = """
    select null::varchar as quarantine_id, 'door' as place, null::varchar as feed, null::varchar as entity,
        null::varchar as row_key, null::varchar as rule, null::varchar as reason, null::varchar as column_name,
        false as may_be_waived, null::decimal(38, 4) as amount, null::varchar as currency_code, null::varchar as batch_id,
        null::varchar as source_file, null::bigint as source_position, null::timestamp as refused_at,
        null::varchar as original_text
    where false
"""


def _mart(relation: str | None) -> str:
    if relation is None:
        return _NO_DOOR.replace("'door'", "'warehouse'")
    return f"""
        select quarantine_id, 'warehouse' as place, feed, entity, row_key::varchar as row_key, rule, reason,
            null::varchar as column_name, may_be_waived, amount::decimal(38, 4) as amount, currency_code, batch_id,
            source_file, source_position, first_refused_at as refused_at, null::varchar as original_text
        from {relation}
    """
