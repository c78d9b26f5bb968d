-- A refund is converted at the rate of its order, so one in another currency would be worth the wrong amount.
select
    refunds.refund_id,
    refunds.order_id,
    refunds.currency_code,
    orders.currency_code as order_currency_code
from {{ ref('fct_refunds') }} as refunds
inner join {{ ref('fct_orders') }} as orders on refunds.order_id = orders.order_id
where refunds.currency_code <> orders.currency_code
