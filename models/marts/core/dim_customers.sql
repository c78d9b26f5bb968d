with

customers as (
    select * from {{ ref('int_customers__latest') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

ordered as (
    select
        customer_id,
        min(ordered_at) as first_ordered_at,
        max(ordered_at) as last_ordered_at,
        count(*) as order_count
    from orders
    where is_revenue and customer_id is not null
    group by customer_id
),

final as (
    select
        customers.customer_id,
        customers.source_system,
        customers.email,
        customers.full_name,
        customers.country_code,
        customers.city,
        customers.accepts_marketing,
        customers.signed_up_at,
        ordered.first_ordered_at,
        ordered.last_ordered_at,
        coalesce(ordered.order_count, 0) as order_count
    from customers
    left join ordered on customers.customer_id = ordered.customer_id
)

select * from final
