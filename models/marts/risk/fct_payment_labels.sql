with

payments as (
    select * from {{ ref('int_payments__counted') }}
    where is_payment
),

disputed as (
    select * from {{ ref('int_payments__disputed') }}
),

decisions as (
    select * from {{ ref('int_payments__decided') }}
),

-- What a day says, disputes and silence, is known when its nightly delivery has come.
newest as (
    select
        source_system,
        {{ known_with_the_night('max(known_at)') }} as newest_at
    from payments
    group by source_system
),

gathered as (
    select
        payments.payment_id,
        payments.source_system,
        payments.known_at as paid_at,
        {{ known_with_the_night('payments.known_at') }}
        + {{ undisputed_after('payments.source_system') | indent(8) }} as presumed_at,
        disputed.known_at as disputed_known_at,
        decisions.decision,
        decisions.decided_at,
        payments.delivered_is_fraud,
        coalesce(payments.fraud_known_at, payments.loaded_at) as delivered_known_at,
        newest.newest_at
    from payments
    inner join newest on payments.source_system = newest.source_system
    left join disputed on payments.payment_id = disputed.payment_id
    left join decisions on payments.payment_id = decisions.payment_id
),

-- Who says fraud first is the one by whom it is known. Nobody who says otherwise outweighs that.
labelled as (
    select
        *,
        case
            when disputed_known_at <= coalesce(case when decision = 'confirmed' then decided_at end, disputed_known_at)
                then 'dispute'
            when decision is not null and (decision = 'confirmed' or disputed_known_at is null) then 'analyst'
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
            when 'analyst' then decision = 'confirmed'
            when 'delivered' then delivered_is_fraud
            when 'no_dispute' then false
        end as is_fraud,
        case label_source
            when 'dispute' then greatest(disputed_known_at, paid_at)
            when 'analyst' then greatest(decided_at, paid_at)
            when 'delivered' then greatest(delivered_known_at, paid_at)
            when 'no_dispute' then presumed_at
        end as known_at,
        presumed_at,
        coalesce(presumed_at <= newest_at, true) as is_settled,
        label_source
    from labelled
)

select * from final
