-- Order by order against the processor's transactions: too much here must not make up for what lacks there.
with

transacted as (
    select
        payments.order_id,
        sum(case when payments.payment_type = 'captured' then payments.payment_amount else 0 end) as captured_amount,
        sum(case when payments.payment_type = 'refunded' then payments.payment_amount else 0 end) as refunded_amount
    from {{ ref('fct_payments') }} as payments
    inner join {{ ref('fct_orders') }} as orders on payments.order_id = orders.order_id
    where
        orders.order_kind = 'sale'
        and orders.source_system in ('{{ var("paid_sources") | join("', '") }}')
    group by payments.order_id
),

compared as (
    select
        coalesce(reconciled.order_id, transacted.order_id) as order_id,
        reconciled.captured_amount,
        reconciled.settled_amount,
        coalesce(transacted.captured_amount, 0) as transacted_captured_amount,
        coalesce(transacted.captured_amount, 0) - coalesce(transacted.refunded_amount, 0) as transacted_settled_amount
    from {{ ref('rpt_payment_reconciliation') }} as reconciled
    full outer join transacted on reconciled.order_id = transacted.order_id
)

select * from compared
where
    settled_amount is distinct from transacted_settled_amount
    or captured_amount is distinct from transacted_captured_amount
