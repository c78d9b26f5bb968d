{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

orders as (
    select * from {{ ref('fct_orders') }}
    where
        order_kind = 'sale'
        and source_system in ('{{ var("paid_sources") | join("', '") }}')
        and {{ is_revised() }}
),

matched as (
    select * from {{ ref('int_payments__matched') }}
    where {{ is_revised() }}
),

refunds as (
    select
        order_id,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_refunds') }}
    where {{ is_revised() }}
    group by order_id
),

compared as (
    select
        orders.order_id,
        orders.source_system,
        orders.customer_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.order_status,
        orders.currency_code,
        -- Nothing is due for an order that was called off, or that is placed and not yet paid.
        case
            when not {{ is_owed('orders.order_status') }} then 0
            when orders.order_status = 'placed' and coalesce(matched.captured_amount, 0) = 0 then 0
            else orders.order_amount
        end as expected_amount,
        coalesce(matched.authorised_amount, 0) as authorised_amount,
        coalesce(matched.captured_amount, 0) as captured_amount,
        coalesce(matched.capture_count, 0) as capture_count,
        coalesce(matched.decline_count, 0) as decline_count,
        coalesce(matched.refunded_amount, 0) as processor_refunded_amount,
        coalesce(refunds.refund_amount, 0) as shop_refunded_amount,
        coalesce(matched.disputed_amount, 0) as disputed_amount,
        coalesce(matched.has_other_currency, false) as has_other_currency
    from orders
    left join matched on orders.order_id = matched.order_id
    left join refunds on orders.order_id = refunds.order_id
),

judged as (
    select
        *,
        captured_amount - expected_amount as difference_amount,
        case
            when has_other_currency then 'other_currency'
            when expected_amount = 0 and captured_amount = 0 then 'nothing_due'
            when expected_amount = 0 and captured_amount = processor_refunded_amount then 'given_back'
            when expected_amount = 0 then 'captured_not_due'
            when captured_amount = 0 then 'missing_capture'
            when capture_count > 1 and captured_amount >= 2 * expected_amount then 'double_capture'
            when captured_amount < expected_amount then 'under_captured'
            when captured_amount > expected_amount then 'over_captured'
            when processor_refunded_amount <> shop_refunded_amount then 'refund_differs'
            else 'matched'
        end as verdict
    from compared
),

final as (
    select
        order_id,
        source_system,
        customer_id,
        ordered_at,
        ordered_on,
        order_status,
        currency_code,
        cast(expected_amount as decimal(18, 4)) as expected_amount,
        cast(authorised_amount as decimal(18, 4)) as authorised_amount,
        cast(captured_amount as decimal(18, 4)) as captured_amount,
        capture_count,
        decline_count,
        cast(difference_amount as decimal(18, 4)) as difference_amount,
        cast(shop_refunded_amount as decimal(18, 4)) as shop_refunded_amount,
        cast(processor_refunded_amount as decimal(18, 4)) as processor_refunded_amount,
        cast(captured_amount - processor_refunded_amount as decimal(18, 4)) as settled_amount,
        cast(disputed_amount as decimal(18, 4)) as disputed_amount,
        verdict
    from judged
)

select * from final
