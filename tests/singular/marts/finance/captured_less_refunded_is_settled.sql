-- The report against the facts: one sum over the transactions, with their signs.
with

from_facts as (
    select
        order_id,
        sum(
            case payment_type
                when 'captured' then payment_amount
                when 'refunded' then -payment_amount
                else 0
            end
        ) as settled_amount
    from {{ ref('fct_payments') }}
    group by order_id
)

select
    reconciled.order_id,
    reconciled.settled_amount,
    from_facts.settled_amount as settled_amount_of_facts
from {{ ref('rpt_payment_reconciliation') }} as reconciled
left join from_facts on reconciled.order_id = from_facts.order_id
where
    reconciled.settled_amount <> coalesce(from_facts.settled_amount, 0)
    or reconciled.settled_amount <> reconciled.captured_amount - reconciled.processor_refunded_amount
