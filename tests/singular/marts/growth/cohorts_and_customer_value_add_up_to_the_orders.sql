with

orders as (
    select
        source_system,
        count(*) as order_count,
        coalesce(sum(order_amount_reporting), 0) as amount
    from {{ ref('fct_orders') }}
    where is_revenue and customer_id is not null
    group by source_system
),

cohorts as (
    select
        source_system,
        sum(order_count) as order_count,
        coalesce(sum(revenue_reporting), 0) as amount
    from {{ ref('rpt_customer_cohorts') }}
    group by source_system
),

customers as (
    select
        source_system,
        sum(order_count) as order_count,
        coalesce(sum(amount_reporting), 0) as amount
    from {{ ref('rpt_customer_value') }}
    group by source_system
)

select
    orders.source_system,
    orders.order_count,
    orders.amount,
    cohorts.order_count as order_count_of_cohorts,
    cohorts.amount as amount_of_cohorts,
    customers.order_count as order_count_of_customers,
    customers.amount as amount_of_customers
from orders
left join cohorts on orders.source_system = cohorts.source_system
left join customers on orders.source_system = customers.source_system
where
    orders.order_count is distinct from cohorts.order_count
    or orders.order_count is distinct from customers.order_count
    or orders.amount is distinct from cohorts.amount
    or orders.amount is distinct from customers.amount
