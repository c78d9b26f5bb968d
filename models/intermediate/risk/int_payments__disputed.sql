with

payments as (
    select * from {{ ref('int_payments__counted') }}
    where is_payment
),

fraud_disputes as (
    select
        payment_id,
        {{ known_with_the_night('opened_at') }} as known_at
    from {{ ref('int_disputes__screened') }}
    where refusal_reason is null and reason in ({{ literals(var('risk').fraud_reasons) }})
),

-- A dispute names what was captured. What is scored is the payment of the same order with the same card.
disputed_transactions as (
    select
        screened.payment_id,
        screened.order_id,
        screened.card_fingerprint,
        fraud_disputes.known_at
    from {{ ref('int_payments__screened') }} as screened
    inner join fraud_disputes on screened.payment_id = fraud_disputes.payment_id
    where screened.refusal_reason is null
),

disputed as (
    select
        payment_id,
        min(known_at) as known_at
    from (
        select
            payment_id,
            known_at
        from disputed_transactions
        union all
        select
            payments.payment_id,
            disputed_transactions.known_at
        from payments
        inner join disputed_transactions
            on
                payments.order_id = disputed_transactions.order_id
                and payments.card_fingerprint is not distinct from disputed_transactions.card_fingerprint
    ) as named
    group by payment_id
)

select * from disputed
