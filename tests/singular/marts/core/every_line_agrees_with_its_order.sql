-- Lines and orders are built apart, by what is new: a change of an order has to reach its lines.
select
    order_items.order_item_id,
    order_items.order_id,
    order_items.source_system,
    order_items.customer_id,
    order_items.ordered_at,
    order_items.currency_code
from {{ ref('fct_order_items') }} as order_items
inner join {{ ref('fct_orders') }} as orders on order_items.order_id = orders.order_id
where
    order_items.source_system <> orders.source_system
    or order_items.customer_id is distinct from orders.customer_id
    or order_items.ordered_at <> orders.ordered_at
    or order_items.currency_code <> orders.currency_code
