-- Warns: two clocks, the till's and the service desk's; the money is right either way, only its day may not be.
{{ config(severity='warn') }}

select
    refunds.refund_id,
    refunds.order_id,
    refunds.refunded_at,
    orders.ordered_at
from {{ ref('fct_refunds') }} as refunds
inner join {{ ref('fct_orders') }} as orders on refunds.order_id = orders.order_id
where refunds.refunded_at < orders.ordered_at
