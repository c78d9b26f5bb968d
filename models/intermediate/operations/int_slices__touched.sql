{{ config(materialized='table') }}

{#- Their key (of rates, the day), and the model that knows up to when their rows were taken in. -#}
{%- set entities = {
    'customers': ('customer_id', 'int_customers__latest'),
    'products': ('product_id', 'int_products__latest'),
    'orders': ('order_id', 'int_orders__screened'),
    'order_items': ('order_item_id', 'int_order_items__screened'),
    'refunds': ('refund_id', 'int_refunds__screened'),
    'payments': ('payment_id', 'int_payments__screened'),
    'disputes': ('dispute_id', 'int_disputes__screened'),
    'rates': ('rate_on', 'int_rates__daily'),
} %}

-- The slices of the raw tables in which the fate of a row can have changed since the last whole build: of rows that
-- came since, of every other version of their keys, and of rows that went into quarantine or left it. Only these are
-- traced again (macros/operations/slices.sql).
with

quarantine as (
    select distinct
        entity,
        batch_id,
        source_file,
        source_position,
        status
    from {{ ref('int_quarantine__united') }}
    union all
    select
        entity,
        batch_id,
        source_file,
        source_position,
        status
    from {{ quarantined_at_last_build() }}
),

-- What is there only now, or was only then.
changed_in_quarantine as (
    select * from quarantine
    group by all
    having count(*) = 1
),

{% for entity, (key, taken_in) in entities.items() %}
    new_{{ entity }} as (
        select * from {{ ref('int_' ~ entity ~ '__delivered') }}
        where {{ newer_than(last_build(taken_in)) }}
    ),

{% endfor %}
touched as (
    {% for entity, (key, taken_in) in entities.items() %}
        select
            '{{ entity }}' as entity,
            batch_id,
            source_file,
            source_position
        from new_{{ entity }}
        union all
        select
            '{{ entity }}' as entity,
            batch_id,
            source_file,
            source_position
        from {{ ref('int_' ~ entity ~ '__delivered') }}
        where {{ key }} in (select new_{{ entity }}.{{ key }} from new_{{ entity }})
        union all
    {% endfor %}
    -- A line has the currency of its order, and of a payment's disputes only the newest is shown.
    select
        'order_items' as entity,
        batch_id,
        source_file,
        source_position
    from {{ ref('int_order_items__delivered') }}
    where order_id in (select revised.order_id from {{ ref('int_orders__revised') }} as revised)
    union all
    select
        'disputes' as entity,
        batch_id,
        source_file,
        source_position
    from {{ ref('int_disputes__delivered') }}
    where payment_id in (select new_disputes.payment_id from new_disputes)
    union all
    -- An event that came again is judged again with all its copies; one that no model has kept is in the raw table.
    select
        'events' as entity,
        batch_id,
        source_file,
        source_position
    from {{ ref('int_events__judged') }}
    where {{ newer_than(last_build('int_events__judged'), 'last_delivered_at') }}
    union all
    select
        'events' as entity,
        batch_id,
        source_file,
        source_position
    from {{ ref('int_events__delivered') }}
    where {{ newer_than(last_build('int_events__judged')) }}
    union all
    select
        entity,
        batch_id,
        source_file,
        source_position
    from changed_in_quarantine
)

select distinct
    entity,
    batch_id,
    source_file,
    {{ slice_number('touched') }} as slice_number
from touched
where {{ 'true' if last_build('int_slices__touched') else 'false' }}
