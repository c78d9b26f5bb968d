{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_read_revisions(this) }}",
    post_hook="{{ mark_seen(this, {
        'int_orders__screened': 'loaded_at',
        'int_order_items__screened': 'loaded_at',
        'int_refunds__screened': 'loaded_at',
        'int_payments__screened': 'loaded_at',
        'int_disputes__screened': 'loaded_at',
        'int_customers__latest': 'first_loaded_at',
        'int_products__latest': 'first_loaded_at',
        'int_rates__daily': 'loaded_at',
        'int_decisions__latest': 'decided_at',
    }) }}"
) }}

{%- set log_has_begun = 'true' if is_adding() else 'false' %}

with

orders as (
    select * from {{ ref('int_orders__screened') }}
),

order_items as (
    select * from {{ ref('int_order_items__screened') }}
),

payments as (
    select * from {{ ref('int_payments__screened') }}
),


new_decisions as (
    select * from {{ ref('int_decisions__latest') }}
    where {{ unseen(this, 'int_decisions__latest', 'decided_at') }}
),

-- Decided on or new, a dispute touches the order of its payment.
new_disputes as (
    select * from {{ ref('int_disputes__screened') }}
    where
        {{ unseen(this, 'int_disputes__screened') }}
        or dispute_id in (select new_decisions.row_key from new_decisions)
),

new_customers as (
    select * from {{ ref('int_customers__latest') }}
    where {{ unseen(this, 'int_customers__latest', 'first_loaded_at') }}
),

new_products as (
    select * from {{ ref('int_products__latest') }}
    where {{ unseen(this, 'int_products__latest', 'first_loaded_at') }}
),

new_rates as (
    select * from {{ ref('int_rates__daily') }}
    where {{ unseen(this, 'int_rates__daily') }}
),

-- What belongs to an order and came, was moved to another order, or was decided on.
changed_rows as (
    {%- for entity, key in [('order_items', 'order_item_id'), ('refunds', 'refund_id'), ('payments', 'payment_id')] %}
        select unnest([order_id, left_order_id]) as order_id
        from {{ ref('int_' ~ entity ~ '__screened') }}
        where
            {{ unseen(this, 'int_' ~ entity ~ '__screened') }}
            or {{ key }} in (select new_decisions.row_key from new_decisions)
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

named as (
    select order_id from orders
    where {{ unseen(this, 'int_orders__screened') }} or order_id in (select new_decisions.row_key from new_decisions)
    union all
    select order_id from changed_rows
    union all
    select order_id from payments
    where payment_id in (select new_disputes.payment_id from new_disputes)
    union all
    select order_id from orders
    where customer_id in (select new_customers.customer_id from new_customers)
    union all
    select order_id from order_items
    where product_id in (select new_products.product_id from new_products)
    union all
    -- A rate of the reporting currency touches every order of the days that it holds for.
    select orders.order_id
    from orders
    inner join new_rates
        on
            orders.currency_code = new_rates.currency_code
            or new_rates.currency_code = '{{ var("reporting_currency") }}'
    where
        cast(orders.ordered_at as date) >= new_rates.rate_on
        and cast(orders.ordered_at as date) < coalesce(new_rates.valid_until_on, date '9999-12-31')
),

entries as (
    select order_id from named
    where order_id is not null and {{ log_has_begun }}
    union all
    -- The log begins: a reader that knows only earlier entries rebuilds everything. See is_revised.
    select '' as order_id
    where not {{ log_has_begun }}
),

final as (
    select distinct
        order_id,
        {{ revision_time() }} as revised_at
    from entries
)

select * from final
