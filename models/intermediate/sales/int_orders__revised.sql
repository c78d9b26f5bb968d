{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ forget_read_revisions(this) }}",
    post_hook="{{ mark_seen(this, {
        'int_orders__screened': 'loaded_at',
        'int_order_items__screened': 'loaded_at',
        'int_refunds__screened': 'loaded_at',
        'int_payments__screened': 'loaded_at',
        'int_disputes__latest': 'loaded_at',
        'int_customers__latest': 'first_loaded_at',
        'int_products__latest': 'first_loaded_at',
        'int_rates__daily': 'loaded_at',
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

new_order_items as (
    select * from order_items
    where {{ unseen(this, 'int_order_items__screened') }}
),

new_refunds as (
    select * from {{ ref('int_refunds__screened') }}
    where {{ unseen(this, 'int_refunds__screened') }}
),

new_disputes as (
    select * from {{ ref('int_disputes__latest') }}
    where {{ unseen(this, 'int_disputes__latest') }}
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

named as (
    select order_id from orders
    where {{ unseen(this, 'int_orders__screened') }}
    union all
    select order_id from payments
    where {{ unseen(this, 'int_payments__screened') }}
    union all
    select order_id from new_order_items
    union all
    select left_order_id as order_id from new_order_items
    union all
    select order_id from new_refunds
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
