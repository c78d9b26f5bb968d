with

added_up as (
    select
        order_id,
        sum(line_amount) as amount
    from {{ ref('fct_order_items') }}
    group by order_id
)

select
    orders.order_id,
    orders.order_amount,
    added_up.amount
from {{ ref('fct_orders') }} as orders
left join added_up on orders.order_id = added_up.order_id
where orders.order_amount <> coalesce(added_up.amount, 0)
