{{ config(materialized='table') }}

-- Every row of the raw tables, read once and added up at once: see macros/reconciliation.sql.
with

quarantined_events as (
    select * from {{ ref('int_quarantine__united') }}
    where entity = 'events'
),

-- int_events__judged keeps every copy, so it says itself what became of each; how many there are says the raw table.
traced_events as (
    select
        'events' as entity,
        events.source_system,
        events.batch_id,
        case
            when events.refusal_reason is null then 'accepted'
            when events.refusal_reason = 'duplicate' then 'duplicate'
            when quarantined_events.status = 'open' then 'quarantined'
            when quarantined_events.status = 'corrected' then 'older_version'
            else quarantined_events.status
        end as fate,
        count(*) as row_count
    from {{ ref('int_events__judged') }} as events
    left join quarantined_events
        on
            events.batch_id = quarantined_events.batch_id
            and events.source_file = quarantined_events.source_file
            and events.source_position = quarantined_events.source_position
            and events.refusal_reason is not null
    group by events.source_system, events.batch_id, fate
),

landed_events as (
    select
        'events' as entity,
        source_system,
        batch_id,
        'landed' as fate,
        count(*) as row_count
    from {{ ref('int_events__delivered') }}
    group by source_system, batch_id
),

all_events as (
    select
        *,
        cast(null as varchar) as currency_code,
        0 as amount
    from (
        select * from traced_events
        union all
        select * from landed_events
    ) as told_by_both
),

traced as (
    {{ traced_rows('customers', 'customer_id', ref('int_customers__latest')) }}
    union all
    {{ traced_rows('products', 'product_id', ref('int_products__latest')) }}
    union all
    {{ traced_rows('orders', 'order_id', ref('int_orders__screened'), 'refusal_reason is null',
        amount='coalesce(delivered.shipping_amount, 0) - coalesce(delivered.discount_amount, 0)', currency='delivered.currency_code') }}
    union all
    {{ traced_rows('order_items', 'order_item_id', ref('int_order_items__screened'),
        'refusal_reason is null and copy_number = 1',
        amount='cast(delivered.quantity * delivered.unit_price as decimal(18, 4))', currency='orders.currency_code') }}
    union all
    {{ traced_rows('refunds', 'refund_id', ref('int_refunds__screened'), 'refusal_reason is null',
        amount='delivered.amount', currency='delivered.currency_code') }}
    union all
    {{ traced_rows('payments', 'payment_id', ref('int_payments__screened'), 'refusal_reason is null',
        time_column='created_at', newest_is='first', amount='delivered.amount', currency='delivered.currency_code') }}
    union all
    {{ traced_rows('disputes', 'dispute_id', ref('int_disputes__screened'), 'refusal_reason is null',
        amount='delivered.amount', currency='delivered.currency_code',
        shown='held.dispute_id in (select dispute_id from ' ~ ref('int_disputes__judged') ~ ' where is_shown)') }}
    union all
    {{ traced_rows('rates', none, ref('int_rates__daily'), time_column='source_file',
        same_key='delivered.currency_code = held.currency_code and delivered.rate_on = held.rate_on',
        same_content='held.rate = delivered.rate') }}
),

-- A row without a fate is landed, and nothing else: that is what the reconciliation finds.
told as (
    {%- for relation, fate in [('traced', 'fate'), ('traced', "'landed'"), ('all_events', 'fate')] %}
        select
            entity,
            source_system,
            batch_id,
            currency_code,
            {{ fate }} as fate,
            row_count,
            amount
        from {{ relation }}
        where {{ fate }} is not null
        {{ 'union all' if not loop.last }}
    {%- endfor %}
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
    from told
    group by entity, source_system, batch_id, currency_code, fate
)

select * from final
