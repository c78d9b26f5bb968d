with

customers as (
    select coalesce(sum(order_count), 0) as order_count from {{ ref('dim_customers') }}
),

orders as (
    select count(*) as order_count
    from {{ ref('fct_orders') }}
    where is_revenue and customer_id is not null
)

select
    customers.order_count as order_count_of_customers,
    orders.order_count
from customers
cross join orders
where customers.order_count <> orders.order_count
