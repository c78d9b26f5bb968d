with

refunds as (
    select * from {{ ref('int_refunds__judged') }}
    where refusal_reason is null
),

final as (
    select
        refund_id,
        source_system,
        order_id,
        customer_id,
        reason,
        -- A cancelled order is not in gross revenue, so what is given back for it must not be taken off again.
        {{ is_owed('order_status') }} as is_revenue,
        refunded_at,
        cast(refunded_at as date) as refunded_on,
        amount as refund_amount,
        currency_code,
        amount_reporting as refund_amount_reporting
    from refunds
)

select * from final
