-- A rate carries no time of its own. Where one day's rate was delivered twice with different values, the file that is
-- later by name counts: files are named by day, and a name does not depend on when it was loaded.
{{ config(materialized='table') }}

with

rates as (
    select * from {{ ref('int_rates__judged') }}
),

newest as (
    select *
    from rates
    where refusal_reason is null
    qualify row_number() over (
        partition by currency_code, rate_on
        order by source_file desc nulls last, source_position desc nulls last, rate desc
    ) = 1
),

-- The base currency has no row of its own: one unit of it is one unit, on every day.
with_base as (
    select
        source_system,
        rate_on,
        base_currency_code,
        currency_code,
        rate,
        loaded_at,
        source_file,
        source_position,
        batch_id
    from newest
    union all
    select
        min(source_system) as source_system,
        date '1900-01-01' as rate_on,
        base_currency_code,
        base_currency_code as currency_code,
        cast(1 as decimal(18, 8)) as rate,
        min(loaded_at) as loaded_at,
        cast(null as varchar) as source_file,
        cast(null as bigint) as source_position,
        cast(null as varchar) as batch_id
    from newest
    group by base_currency_code
),

dated as (
    select
        *,
        lead(rate_on) over (partition by currency_code order by rate_on asc) as valid_until_on
    from with_base
)

select * from dated
