-- What rpt_revenue_daily adds up: every amount with its day, its kind and its sign left as the shop books it.
with

order_items as (
    select * from {{ ref('fct_order_items') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

sold as (
    select
        ordered_on as booked_on,
        source_system,
        currency_code,
        case when line_kind in ('shipping', 'discount') then line_kind else 'goods' end as booking_kind,
        line_amount as amount,
        line_amount_reporting as amount_reporting
    from order_items
    where is_revenue
),

-- An invoice that cancels is a refund on its own day; its amounts are negative.
cancelled as (
    select
        ordered_on as booked_on,
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
        ordered_on as booked_on,
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
        refunded_on as booked_on,
        source_system,
        currency_code,
        'refund' as booking_kind,
        refund_amount as amount,
        refund_amount_reporting as amount_reporting
    from refunds
    where is_revenue
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
