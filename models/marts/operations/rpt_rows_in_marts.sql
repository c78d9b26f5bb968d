{{ config(materialized='incremental', incremental_strategy='replace_slices') }}
{%- set touched_visitors = 'select events_to_count.visitor_id from events_to_count' %}
{%- set is_counted = 'visitor_id in (' ~ touched_visitors ~ ')' if is_touched_only() else 'true' %}

-- The other side of the reconciliation: from the marts back to the batches. The marts keep no origin, so each row is
-- looked up by its key; what is counted, and the money, is the mart's.
with

events_to_count as (
    select
        events.visitor_id,
        events.source_system,
        events.batch_id,
        events.source_file,
        {{ slice_number('events') }} as slice_number
    from {{ ref('int_events__judged') }} as events
    {{ touched_slices('events', 'events') | indent(4) }}
    where events.refusal_reason is null and events.visitor_id is not null
),

-- A session does not keep its events, so a visitor's events are in the mart where their number is that of the sessions.
visitors as (
    select
        visitor_id,
        count(*) as event_count
    from {{ ref('int_events__judged') }}
    where refusal_reason is null and {{ is_counted }}
    group by visitor_id
),

visitors_of_sessions as (
    select
        visitor_id,
        sum(event_count) as event_count
    from {{ ref('fct_sessions') }}
    where {{ is_counted }}
    group by visitor_id
),

-- Nobody, as long as nothing is lost: to look for them is cheaper than to keep the counts of everybody else.
visitors_that_differ as (
    select visitors.visitor_id
    from visitors
    left join visitors_of_sessions on visitors.visitor_id = visitors_of_sessions.visitor_id
    where visitors.event_count <> coalesce(visitors_of_sessions.event_count, 0)
),

events_in_sessions as (
    select
        'events' as entity,
        events_to_count.source_system,
        events_to_count.batch_id,
        events_to_count.source_file,
        events_to_count.slice_number,
        'XXX' as currency_code,
        count(*) as row_count,
        cast(0 as decimal(18, 4)) as amount
    from events_to_count
    left join visitors_that_differ on events_to_count.visitor_id = visitors_that_differ.visitor_id
    where visitors_that_differ.visitor_id is null
    group by
        events_to_count.source_system, events_to_count.batch_id, events_to_count.source_file,
        events_to_count.slice_number
),

-- The money of an order is what stands on the order itself: lines of shipping that were delivered are lines.
own_lines as (
    select
        order_id,
        sum(line_amount) as amount
    from {{ ref('fct_order_items') }}
    where line_kind in ('shipping', 'discount') and order_item_id in (order_id || ':shipping', order_id || ':discount')
    group by order_id
),

-- Rates have no mart: what other marts convert with is int_rates__daily.
counted as (
    {{ rows_in_mart('customers', 'customer_id', ref('int_customers__latest'), ref('dim_customers'),
        touched_slices('customers', 'accepted')) }}
    union all
    {{ rows_in_mart('products', 'product_id', ref('int_products__latest'), ref('dim_products'),
        touched_slices('products', 'accepted')) }}
    union all
    {{ rows_in_mart('orders', 'order_id', ref('int_orders__judged'),
        '(select * from ' ~ ref('fct_orders') ~ ' left join own_lines using (order_id))',
        touched_slices('orders', 'accepted'),
        'accepted.refusal_reason is null', amount='mart.amount', currency='mart.currency_code') }}
    union all
    {{ rows_in_mart('order_items', 'order_item_id', ref('int_order_items__judged'), ref('fct_order_items'),
        touched_slices('order_items', 'accepted'),
        "accepted.refusal_reason is null"
        ~ " and accepted.order_item_id not in (accepted.order_id || ':shipping', accepted.order_id || ':discount')",
        amount='mart.line_amount', currency='mart.currency_code') }}
    union all
    {{ rows_in_mart('refunds', 'refund_id', ref('int_refunds__judged'), ref('fct_refunds'),
        touched_slices('refunds', 'accepted'),
        'accepted.refusal_reason is null', amount='mart.refund_amount', currency='mart.currency_code') }}
    union all
    {{ rows_in_mart('payments', 'payment_id', ref('int_payments__judged'), ref('fct_payments'),
        touched_slices('payments', 'accepted'),
        'accepted.refusal_reason is null', amount='mart.payment_amount', currency='mart.currency_code') }}
    union all
    {{ rows_in_mart('disputes', 'payment_id', ref('int_disputes__judged'), ref('fct_payments'),
        touched_slices('disputes', 'accepted'), 'accepted.is_shown',
        same='accepted.opened_at = mart.disputed_at and accepted.dispute_status = mart.dispute_status',
        amount='mart.disputed_amount', currency='accepted.currency_code') }}
    union all
    {{ rows_in_mart('rates', 'currency_code', ref('int_rates__judged'), ref('int_rates__daily'),
        touched_slices('rates', 'accepted'),
        'accepted.refusal_reason is null', same='accepted.rate_on = mart.rate_on and accepted.batch_id = mart.batch_id'
        ~ ' and accepted.source_file = mart.source_file and accepted.source_position = mart.source_position') }}
    union all
    select * from events_in_sessions
)

select * from counted
