-- What a payment says by itself, for features of fraud. It depends on the row, on the settings and on public lookups
-- alone, so the same SQL describes a payment of last year and one that came this second.
with

payments as (
    select * from {{ ref('int_payments__delivered') }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

rates as (
    select * from {{ ref('int_rates__dated') }}
),

reporting_rates as (
    select * from rates
    where currency_code = '{{ var("reporting_currency") }}'
),

-- The rate of the day before: that of the day itself may come after the payment.
rated as (
    select
        payments.*,
        cast(null as varchar) as waived_rules,
        currencies.currency_code is not null as is_currency_known,
        rates.rate as currency_rate,
        reporting_rates.rate as reporting_rate
    from payments
    left join currencies on payments.currency_code = currencies.currency_code
    asof left join rates
        on payments.currency_code = rates.currency_code and cast(payments.created_at as date) > rates.rate_on
    asof left join reporting_rates
        on cast(payments.created_at as date) > reporting_rates.rate_on
),

converted as (
    select
        *,
        case
            when currency_code = '{{ var("reporting_currency") }}' then cast(amount as decimal(18, 4))
            else {{ converted_amount('amount', 'currency_rate', 'reporting_rate') | indent(12) }}
        end as amount_reporting,
        {{ risk_event_kind('payment_type') | indent(8) }} as event_kind
    from rated
),

described as (
    select
        payment_id as event_id,
        event_kind,
        payment_id,
        source_system,
        order_id,
        created_at as known_at,
        card_fingerprint,
        customer_id,
        device_id,
        merchant_id,
        ip_country_code,
        issuer_country_code,
        customer_id || '|' || device_id as customer_device_id,
        customer_id || '|' || merchant_id as customer_merchant_id,
        cast(round(amount_reporting * 100) as bigint) as amount_cents,
        cast(date_part('hour', created_at) as integer) as hour_of_day,
        cast(date_part('isodow', created_at) as integer) as day_of_week,
        coalesce(ip_country_code <> issuer_country_code, false) as is_abroad,
        coalesce(event_kind = 'payment', false) as is_payment,
        coalesce(event_kind = 'decline', false) as is_decline,
        coalesce(event_kind in ('payment', 'decline'), false) as is_attempt,
        coalesce(event_kind = 'refund', false) as is_refund,
        false as is_label,
        false as is_fraud,
        is_fraud as delivered_is_fraud,
        fraud_known_at,
        loaded_at,
        source_file,
        source_position,
        batch_id,
        {{ first_broken_rule('payments', 'row') | indent(8) }} as refusal_reason
    from converted
)

select * from described
