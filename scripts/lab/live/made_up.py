"""Made-up payments and frauds: a history of days, then a busy stream in which the same microsecond comes twice."""

from __future__ import annotations

import duckdb

SECOND, DAY = 1_000_000, 86_400_000_000
START = 1_780_000_000 * SECOND


def create(connection: duckdb.DuckDBPyConnection, history: int, streamed: int, rate: int, entities: int = 5000) -> None:
    """The table `events`: `history` events over 30 days, then `streamed` payments at `rate` a second, of so many cards.

    One in fifty happens in the microsecond of the one before; one in a hundred has no device, one in fifty is a fraud.
    """
    connection.execute(f"""
        create table events as
        with numbered as (
            select n, hash(n * 7919) as h from range({history + streamed}) as r(n)
        ),
        timed as (
            select
                *,
                case
                    when n < {history} then {START} + (n * (30 * {DAY} / {history}))::bigint
                    else {START} + 30 * {DAY} + ((n - {history}) * ({SECOND} / {rate}))::bigint
                end as exact
            from numbered
        )
        select
            'p' || n as event_id,
            case when n < {history} and h % 50 = 1 then 'fraud' else 'payment' end as event_kind,
            make_timestamp(coalesce(case when n % 50 = 49 then lag(exact) over (order by n) end, exact)) as known_at,
            'card' || (h % {entities}) as card,
            'customer' || (h % {entities * 9 // 10}) as customer,
            case when h % 101 != 0 then 'device' || (hash(n * 31 + h % {entities}) % {entities * 6 // 5}) end as device,
            'country' || ((h % {entities}) % 30) as country,
            'merchant' || (hash(n) % 200) as merchant,
            (100 + hash(n + 1) % 50000)::bigint as amount_cents,
            ((h % {entities}) % 30)::bigint as country_number,
            (h % {entities})::bigint as card_number,
            hash(n + 2) % 12 = 0 as is_declined,
            event_kind = 'fraud' as is_fraud
        from timed
        order by n
    """)
