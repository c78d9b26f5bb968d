{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

payments as (
    select * from {{ ref('int_payments__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

orders as (
    select
        order_id,
        currency_code
    from {{ ref('int_orders__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

matched as (
    select
        payments.order_id,
        sum(payments.amount) filter (where payments.payment_type = 'authorised') as authorised_amount,
        sum(payments.amount) filter (where payments.payment_type = 'captured') as captured_amount,
        sum(payments.amount) filter (where payments.payment_type = 'refunded') as refunded_amount,
        sum(payments.disputed_amount) as disputed_amount,
        count(*) filter (where payments.payment_type = 'captured') as capture_count,
        count(*) filter (where payments.payment_type = 'declined') as decline_count,
        bool_or(payments.currency_code <> orders.currency_code) as has_other_currency
    from payments
    inner join orders on payments.order_id = orders.order_id
    group by payments.order_id
)

select * from matched
