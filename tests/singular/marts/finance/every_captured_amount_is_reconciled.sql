with

captured as (
    select sum(payments.payment_amount) as amount
    from {{ ref('fct_payments') }} as payments
    inner join {{ ref('fct_orders') }} as orders on payments.order_id = orders.order_id
    where
        payments.payment_type = 'captured'
        and orders.source_system in ('{{ var("paid_sources") | join("', '") }}')
),

reconciled as (
    select sum(captured_amount) as amount from {{ ref('rpt_payment_reconciliation') }}
)

select
    captured.amount as captured_amount,
    reconciled.amount as reconciled_amount
from captured
cross join reconciled
where coalesce(captured.amount, 0) <> coalesce(reconciled.amount, 0)
