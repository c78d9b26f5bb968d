{{ config(materialized='table') }}

-- Empty where there was no whole build before: then the models that work by order work on all of them (is_revised).
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
    where {{ newer_than(last_build('int_decisions__latest'), 'decided_at') }}
),

-- Decided on or new, a dispute touches the order of its payment.
new_disputes as (
    select * from {{ ref('int_disputes__screened') }}
    where
        {{ newer_than(last_build('int_disputes__screened')) }}
        or dispute_id in (select new_decisions.row_key from new_decisions)
),

new_customers as (
    select * from {{ ref('int_customers__latest') }}
    where {{ newer_than(last_build('int_customers__latest'), 'first_loaded_at') }}
),

new_products as (
    select * from {{ ref('int_products__latest') }}
    where {{ newer_than(last_build('int_products__latest'), 'first_loaded_at') }}
),

new_rates as (
    select * from {{ ref('int_rates__daily') }}
    where {{ newer_than(last_build('int_rates__daily')) }}
),

-- What belongs to an order and came, was moved to another order, or was decided on.
changed_rows as (
    {%- for entity, key in [('order_items', 'order_item_id'), ('refunds', 'refund_id'), ('payments', 'payment_id')] %}
        select unnest([order_id, left_order_id]) as order_id
        from {{ ref('int_' ~ entity ~ '__screened') }}
        where
            {{ newer_than(last_build('int_' ~ entity ~ '__screened')) }}
            or {{ key }} in (select new_decisions.row_key from new_decisions)
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

named as (
    select order_id from orders
    where
        {{ newer_than(last_build('int_orders__screened')) }}
        or order_id in (select new_decisions.row_key from new_decisions)
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

final as (
    select distinct order_id
    from named
    where order_id is not null and {{ 'true' if last_build('int_orders__revised') else 'false' }}
)

select * from final
