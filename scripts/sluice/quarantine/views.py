"""The relations that all queries about quarantine read, over the tables of the lake and the mart of refused rows.

`decisions`      one row per decision
`by_rule`        one row per refused row and rule: the newest decision, and whether it is a waiver that holds
`refused_rows`   one row per refused row, with the decision that counts for it
`waived_rows`    the same per waiver that holds

What a decision means is described in docs/quarantine.md. The models act on the same decisions by SQL of their own, at the
next build; a test compares the two.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sluice.core.duck import literal
from sluice.core.errors import SluiceError
from sluice.history import ledger
from sluice.history.kinds import BatchEntry, DecisionEntry
from sluice.lake.opening import open_table


def create(connection: duckdb.DuckDBPyConnection, lake: Path, mart: str | None) -> None:
    """Create them; `mart` is SQL of the rows of the mart in an attached warehouse, None without one.

    Decisions are few and read once, into tables; the refused rows stay where they are.
    """
    tables = {
        "no_rows": _NO_ROWS,
        "decisions": ledger.query(lake, DecisionEntry),
        "newest": _NEWEST,
        "by_rule": _BY_RULE,
        "batches": f"select distinct batch_id from ({ledger.query(lake, BatchEntry)})",
    }
    views = {
        "ingestion": f"select * from ({_ingestion(lake)}) where batch_id in (select batch_id from batches)",
        "warehouse": f"from no_rows {f'union all by name {mart}' if mart else ''}",
        "settled": _SETTLED,
        "refused_rows": _REFUSED_ROWS,
        "waived_rows": _WAIVED_ROWS,
    }
    for kind, queries in (("table", tables), ("view", views)):
        for name, query in queries.items():
            connection.execute(f"create temp {kind} {name} as {query}")


# The columns of refused rows and their types.
_NO_ROWS = """
    select '' as quarantine_id, '' as place, '' as feed, '' as entity, '' as row_key, '' as rule, '' as reason,
        '' as column_name, false as may_be_waived, null::decimal(38, 4) as amount, '' as currency_code, '' as batch_id,
        '' as source_file, null::bigint as source_position, null::timestamp as refused_at, '' as original_text
    where false
"""


_NEWEST = """
    select quarantine_id, any_value(place) as place, count(*) as decisions, min(decided_at) as first_decided_at,
        -- Ends every waiver of the row before it.
        max(case when decision in ('dropped', 'corrected') or rule is null then decided_at end) as ended_at,
        max_by(struct_pack(decision, correction_batch_id, rule, feed, entity, row_key, batch_id, source_file, source_position),
            (decided_at, decision_id)) as last
    from decisions group by quarantine_id
"""
_BY_RULE = """
    with last_of_rule as (
        select quarantine_id, rule, max(decided_at) as decided_at,
            max_by(struct_pack(decision, until_at), (decided_at, decision_id)) as last
        from decisions where rule is not null group by quarantine_id, rule
    )
    select quarantine_id, rule, decided_at, last_of_rule.last.decision as decision, last_of_rule.last.until_at as until_at,
        last_of_rule.last.decision = 'waived' and (ended_at is null or decided_at > ended_at) as is_waived
    from last_of_rule inner join newest using (quarantine_id)
"""
# The mart no longer holds a waived row that a build has accepted: only its decisions tell of it.
_SETTLED = """
    with waived as (select quarantine_id, max_by(rule, decided_at) as rule from by_rule where is_waived group by quarantine_id)
    from no_rows union all by name
    select quarantine_id, place, last.feed as feed, last.entity as entity, last.row_key as row_key,
        coalesce(waived.rule, last.rule) as rule, last.batch_id as batch_id, last.source_file as source_file,
        last.source_position as source_position, first_decided_at as refused_at
    from newest left join waived using (quarantine_id)
    where place = 'warehouse' and quarantine_id not in (select quarantine_id from warehouse)
"""
# As in the models, a waiver does not count once its rule may no longer be waived.
_REFUSED_ROWS = """
    with united as (
        select *, true as is_refused from ingestion
        union all select *, true from warehouse
        union all select *, false from settled
    ),
    judged as (
        select united.*,
            case when newest.last.decision in ('dropped', 'corrected') then newest.last.decision
                when is_waived and may_be_waived is not false then 'waived'
                when by_rule.decision = 'expired' then 'expired' end as decided,
            by_rule.until_at as until_at, newest.last.correction_batch_id as correction_batch_id,
            coalesce(decisions, 0) as decisions
        from united
        left join newest on united.quarantine_id = newest.quarantine_id
        left join by_rule on united.quarantine_id = by_rule.quarantine_id and united.rule = by_rule.rule
    )
    select * exclude (is_refused, decided, until_at, correction_batch_id, decisions),
        case when decided in ('waived', 'corrected') then 'released'
            when decided = 'dropped' then 'dropped'
            when is_refused then 'open' else 'expired' end as status,
        decided as decision, case when decided = 'waived' then until_at end as until_at, correction_batch_id, decisions
    from judged
"""
_WAIVED_ROWS = """
    select refused_rows.* replace (
        by_rule.rule as rule, 'released' as status, 'waived' as decision, by_rule.until_at as until_at
    )
    from by_rule inner join refused_rows using (quarantine_id) where is_waived
"""


def _tables(lake: Path) -> list[Path]:
    return sorted(path.parent for path in (lake / "quarantine").glob("*/*/_delta_log"))


def damaged(lake: Path) -> dict[str, SluiceError]:
    """The feeds whose quarantine cannot be read, and why: their rows are not among those that are shown."""
    found = {}
    for path in _tables(lake):
        try:
            open_table(path)
        except SluiceError as error:
            found[f"{path.parent.name}.{path.name}"] = error
    return found


def _ingestion(lake: Path) -> str:
    """SQL of the rows that ingest refused; a row counts once its batch has landed. Damaged tables are left out.

    The word `door` in an id is the former name of the place: an id never changes.
    """
    left_out = damaged(lake)
    tables = [path for path in _tables(lake) if f"{path.parent.name}.{path.name}" not in left_out]
    rows = "".join(
        f"""
        union all by name
        select md5(concat_ws('|', 'door', _batch_id, _file, _position)) as quarantine_id, 'ingestion' as place,
            {literal(f"{path.parent.name}.{path.name}")} as feed, reason as rule, detail as reason, column_name,
            false as may_be_waived, _batch_id as batch_id, _file as source_file, _position as source_position,
            _loaded_at as refused_at, original_text
        from delta_scan({literal(str(path))})
        """
        for path in tables
    )
    return f"from no_rows {rows}"
