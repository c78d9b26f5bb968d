-- What rpt_revenue_daily adds up: every amount with its day, its kind and its sign left as the shop books it.
-- Reads what the facts read; that both call the same rows revenue is what revenue_by_day_equals_the_facts tests.
with

order_items as (
    select * from {{ ref('int_order_items__judged') }}
    where refusal_reason is null
),

refunds as (
    select * from {{ ref('int_refunds__judged') }}
    where refusal_reason is null
),

sold as (
    select
        cast(ordered_at as date) as booked_on,
        source_system,
        currency_code,
        case when line_kind in ('shipping', 'discount') then line_kind else 'goods' end as booking_kind,
        line_amount as amount,
        line_amount_reporting as amount_reporting
    from order_items
    where order_kind = 'sale' and {{ is_owed('order_status') }}
),

-- An invoice that cancels is a refund on its own day; its amounts are negative.
cancelled as (
    select
        cast(ordered_at as date) as booked_on,
        source_system,
        currency_code,
        'refund' as booking_kind,
        -line_amount as amount,
        -line_amount_reporting as amount_reporting
    from order_items
    where order_kind = 'cancellation'
),

adjusted as (
    select
        cast(ordered_at as date) as booked_on,
        source_system,
        currency_code,
        'adjustment' as booking_kind,
        line_amount as amount,
        line_amount_reporting as amount_reporting
    from order_items
    where order_kind = 'adjustment'
),

refunded as (
    select
        cast(refunded_at as date) as booked_on,
        source_system,
        currency_code,
        'refund' as booking_kind,
        amount,
        amount_reporting
    from refunds
    where {{ is_owed('order_status') }}
),

booked as (
    select * from sold
    union all
    select * from cancelled
    union all
    select * from adjusted
    union all
    select * from refunded
)

select * from booked
