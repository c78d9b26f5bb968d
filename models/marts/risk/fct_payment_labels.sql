with

payments as (
    select * from {{ ref('int_payments__counted') }}
    where is_payment
),

fraud_disputes as (
    select
        payment_id,
        cast(cast(opened_at as date) + 1 as timestamp)
        + interval '{{ var("risk").disputes_known_at_hour }} hours' as known_at
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
),

newest as (
    select
        source_system,
        max(known_at) as newest_at
    from payments
    group by source_system
),

gathered as (
    select
        payments.payment_id,
        payments.source_system,
        payments.known_at as paid_at,
        payments.known_at + {{ undisputed_after('payments.source_system') | indent(8) }} as presumed_at,
        disputed.known_at as disputed_known_at,
        payments.delivered_is_fraud,
        coalesce(payments.fraud_known_at, payments.loaded_at) as delivered_known_at,
        newest.newest_at
    from payments
    inner join newest on payments.source_system = newest.source_system
    left join disputed on payments.payment_id = disputed.payment_id
),

labelled as (
    select
        *,
        case
            when disputed_known_at is not null then 'dispute'
            when delivered_is_fraud is not null then 'delivered'
            when presumed_at <= newest_at then 'no_dispute'
        end as label_source
    from gathered
),

-- Nobody knows of a fraud before the payment is made, whatever the clocks say.
final as (
    select
        payment_id,
        source_system,
        paid_at,
        case label_source
            when 'dispute' then true
            when 'delivered' then delivered_is_fraud
            when 'no_dispute' then false
        end as is_fraud,
        case label_source
            when 'dispute' then greatest(disputed_known_at, paid_at)
            when 'delivered' then greatest(delivered_known_at, paid_at)
            when 'no_dispute' then presumed_at
        end as known_at,
        presumed_at,
        label_source
    from labelled
)

select * from final
