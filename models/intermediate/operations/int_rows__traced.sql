{{ config(materialized='table') }}

-- Every row of the raw tables, read once and counted at once: what landed, and what became of it. A row without a fate
-- is landed, and nothing else: that is what the reconciliation finds.
with

-- Rows that a source makes out of the rows of another entity are counted there.
versions as (
    {%- for entity in ['customers', 'products', 'orders', 'order_items', 'refunds', 'payments', 'disputes'] %}
        select * from {{ ref('int_versions__traced') }}
        where
            entity = '{{ entity }}'
            and source_system in ({{ literals(accounting_sources(entity)) }})
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

rates as (
    select * from {{ ref('int_rates__traced') }}
),

events as (
    select * from {{ ref('int_events__traced') }}
),

together as (
    select
        entity,
        source_system,
        batch_id,
        currency_code,
        unnest([fate, 'landed']) as fate,
        row_count,
        amount
    from versions
    union all
    select
        'rates' as entity,
        source_system,
        batch_id,
        cast(null as varchar) as currency_code,
        unnest([fate, 'landed']) as fate,
        row_count,
        0 as amount
    from rates
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
    where fate is not null
    group by entity, source_system, batch_id, currency_code, fate
)

select * from final
