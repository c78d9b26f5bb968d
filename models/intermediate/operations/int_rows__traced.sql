{{ config(materialized='table') }}

-- Every row of the raw tables, read once and counted at once: what landed, and what became of it. A row without a fate
-- is landed, and nothing else: that is what the reconciliation finds.
with

versions as (
    select * from {{ ref('int_versions__traced') }}
),

rates as (
    select * from {{ ref('int_rates__traced') }}
),

events as (
    select * from {{ ref('int_events__traced') }}
),

traced as (
    select * from versions
    union all
    select
        'rates' as entity,
        source_system,
        batch_id,
        cast(null as varchar) as currency_code,
        fate,
        row_count,
        0 as amount
    from rates
),

together as (
    select * from traced
    where fate is not null
    union all
    select * replace ('landed' as fate) from traced
    union all
    select
        'events' as entity,
        source_system,
        batch_id,
        cast(null as varchar) as currency_code,
        fate,
        row_count,
        0 as amount
    from events
    where fate is not null
),

final as (
    select
        entity,
        source_system,
        batch_id,
        currency_code,
        fate,
        cast(sum(row_count) as bigint) as row_count,
        cast(coalesce(sum(amount), 0) as decimal(18, 4)) as amount
    from together
    group by entity, source_system, batch_id, currency_code, fate
)

select * from final
