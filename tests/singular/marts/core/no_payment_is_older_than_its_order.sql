-- Warns: two clocks, the shop's and the processor's; the money is right either way, only its day may not be.
{{ config(severity='warn') }}

select
    payments.payment_id,
    payments.order_id,
    payments.created_at,
    orders.ordered_at
from {{ ref('fct_payments') }} as payments
inner join {{ ref('fct_orders') }} as orders on payments.order_id = orders.order_id
where payments.created_at < orders.ordered_at
