with

payments as (
    select * from {{ ref('int_payments__counted') }}
),

labels as (
    select * from {{ ref('fct_payment_labels') }}
    where is_fraud is not null
),

-- That a payment was fraud, or was not, happens when somebody gets to know it.
labelled as (
    select
        payments.* replace (
            case when labels.is_fraud then 'fraud:' else 'legitimate:' end || payments.payment_id as event_id,
            case when labels.is_fraud then 'fraud' else 'legitimate' end as event_kind,
            labels.known_at as known_at,
            false as is_payment,
            false as is_attempt,
            true as is_label,
            labels.is_fraud as is_fraud
        )
    from payments
    inner join labels on payments.payment_id = labels.payment_id
),

together as (
    select * from payments
    union all by name
    select * from labelled
),

final as (
    select
        event_id,
        event_kind,
        payment_id,
        source_system,
        known_at,
        cast(known_at as date) as known_on,
        card_fingerprint,
        customer_id,
        device_id,
        merchant_id,
        ip_country_code,
        issuer_country_code,
        customer_device_id,
        customer_merchant_id,
        amount_cents,
        hour_of_day,
        day_of_week,
        is_abroad,
        is_attempt,
        is_payment,
        is_decline,
        is_refund,
        is_label,
        is_fraud
    from together
)

select * from final
