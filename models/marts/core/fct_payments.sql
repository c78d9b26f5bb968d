{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

payments as (
    select * from {{ ref('int_payments__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

final as (
    select
        payment_id,
        source_system,
        order_id,
        customer_id,
        payment_type,
        response_code,
        card_fingerprint,
        card_brand,
        card_bin,
        issuer_country_code,
        ip_country_code,
        created_at,
        cast(created_at as date) as created_on,
        amount as payment_amount,
        currency_code,
        amount_reporting as payment_amount_reporting,
        disputed_at is not null as is_disputed,
        dispute_status,
        dispute_reason,
        disputed_amount,
        disputed_at
    from payments
)

select * from final
