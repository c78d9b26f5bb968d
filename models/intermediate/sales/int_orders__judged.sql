{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

orders as (
    select * from {{ ref('int_orders__screened') }}
    where {{ is_revised() }}
),

order_items as (
    select * from {{ ref('int_order_items__screened') }}
    where {{ is_revised() }}
),

customers as (
    select customer_id from {{ ref('int_customers__latest') }}
),

products as (
    select product_id from {{ ref('int_products__latest') }}
),

-- What int_order_items__judged will say of the lines, but for what depends on the order.
orders_without_good_lines as (
    select order_items.order_id
    from order_items
    left join products on order_items.product_id = products.product_id
    group by order_items.order_id
    having bool_and(
        order_items.refusal_reason is not null
        or (order_items.product_id is not null and products.product_id is null)
    )
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

reporting_rates as (
    select * from rates
    where currency_code = '{{ var("reporting_currency") }}'
),

-- The last rate on or before the day of the order: weekends and holidays take that of the working day before.
rated as (
    select
        orders.*,
        cast(orders.ordered_at as date) as ordered_on,
        orders.customer_id is null or customers.customer_id is not null as is_customer_known,
        orders.order_id in (
            select without_good_lines.order_id from orders_without_good_lines as without_good_lines
        ) as are_all_lines_refused,
        case
            when orders.currency_code = '{{ var("reporting_currency") }}' then 1 else rates.rate
        end as currency_rate,
        case
            when orders.currency_code = '{{ var("reporting_currency") }}' then 1 else reporting_rates.rate
        end as reporting_rate
    from orders
    left join customers on orders.customer_id = customers.customer_id
    asof left join rates
        on orders.currency_code = rates.currency_code and cast(orders.ordered_at as date) >= rates.rate_on
    asof left join reporting_rates
        on cast(orders.ordered_at as date) >= reporting_rates.rate_on
),

judged as (
    select
        * exclude (
            refusal_reason, version_hash, waived_rules, set_aside_rule, status_rank, taken_as_it_comes_at,
            are_all_lines_refused
        ),
        coalesce(refusal_reason, {{ first_broken_rule('orders', 'reference') }}) as refusal_reason
    from rated
)

select * from judged
