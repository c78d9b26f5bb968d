with

batches as (
    select * from {{ ref('int_batches__taken') }}
),

traced as (
    select
        batch_id,
        -- ISO 4217's own word for no currency, as a key is never null
        coalesce(currency_code, 'XXX') as currency_code,
        max(source_system) as source_system,
        max(entity) as entity,
        {%- for fate in fates() %}
            coalesce(sum(amount) filter (where fate = '{{ fate }}'), 0) as {{ fate }}_amount,
        {%- endfor %}
        coalesce(sum(amount) filter (where fate = 'landed'), 0) as landed_amount
    from {{ ref('int_rows__traced') }}
    where entity in ('orders', 'order_items', 'refunds', 'payments', 'disputes')
    group by all
),

in_marts as (
    select
        batch_id,
        currency_code,
        max(source_system) as source_system,
        max(entity) as entity,
        sum(amount) as in_marts_amount
    from {{ ref('rpt_rows_in_marts') }}
    where entity in ('orders', 'order_items', 'refunds', 'payments', 'disputes')
    group by batch_id, currency_code
),

-- A currency that only the marts have, or only the raw table, is a difference.
compared as (
    select
        coalesce(traced.batch_id, in_marts.batch_id) as batch_id,
        coalesce(traced.source_system, in_marts.source_system) as source_system,
        coalesce(traced.entity, in_marts.entity) as entity,
        coalesce(traced.currency_code, in_marts.currency_code) as currency_code,
        coalesce(traced.landed_amount, 0) as landed_amount,
        {%- for fate in fates() %}
            coalesce(traced.{{ fate }}_amount, 0) as {{ fate }}_amount,
        {%- endfor %}
        coalesce(in_marts.in_marts_amount, 0) as in_marts_amount
    from traced
    full outer join in_marts
        on traced.batch_id = in_marts.batch_id and traced.currency_code = in_marts.currency_code
),

named as (
    select
        compared.*,
        coalesce(batches.feed, compared.source_system || '.' || compared.entity) as feed
    from compared
    left join batches on compared.batch_id = batches.batch_id
),

final as (
    select
        batch_id,
        feed,
        currency_code,
        cast(landed_amount as decimal(18, 4)) as landed_amount,
        cast(in_marts_amount as decimal(18, 4)) as in_marts_amount,
        {%- for fate in fates() %}
            cast({{ fate }}_amount as decimal(18, 4)) as {{ fate }}_amount,
        {%- endfor %}
        cast(
            landed_amount - in_marts_amount - {{ sum_of_fates('amount') | indent(12) }} as decimal(18, 4)
        ) as unaccounted_amount
    from named
)

select * from final
