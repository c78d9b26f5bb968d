-- What becomes of each order, and when. One row per order with every time at which something happens (null: never).
create or replace temp table chunk_timelines as
with judged as (
    select
        *,
        case
            when fraud = 'testing' then between_u('tries', order_no, 8, 24)
            when fraud = 'stolen' then between_u('tries', order_no, 0, 1)
            when u('decline', order_no) < 0.045 then between_u('tries', order_no, 1, 2)
            else 0
        end as n_declines,
        coalesce(fraud, '') = 'testing'
        or (fraud is null and u('decline', order_no) < 0.045 and u('give up', order_no) < 0.3) as is_unpaid,
        case
            when fraud is not null then 'normal'
            when u('exception', order_no) < 0.003 then 'partial'
            when u('exception', order_no) < 0.006 then 'double'
            when u('exception', order_no) < 0.009 then 'missing'
            else 'normal'
        end as capture,
        case
            when fraud is not null then 'kept'
            when u('cancel', order_no) < 0.025 then 'before payment'
            when u('cancel', order_no) < 0.035 then 'after payment'
            else 'kept'
        end as cancelled
    from chunk_orders
),

answered as (
    select
        *,
        seconds_after(
            ordered_at, between_u('answer', order_no, 2, 9)
            + n_declines * case when fraud = 'testing' then 7 else 45 end
        ) as last_answer_at
    from judged
),

paid as (
    select
        *,
        case
            when is_unpaid or cancelled = 'before payment' then null
            when u('at once', order_no) < 0.7 then seconds_after(last_answer_at, between_u('capture', order_no, 1, 4))
            else seconds_after(last_answer_at, between_u('capture', order_no, 3600, 72000))
        end as captured_at
    from answered
),

fulfilled as (
    select
        *,
        captured_at + interval 1 second as paid_at,
        case
            when is_unpaid then null
            when
                cancelled = 'before payment'
                then seconds_after(last_answer_at, between_u('regret', order_no, 300, 22000))
            when cancelled = 'after payment' then seconds_after(captured_at, between_u('regret', order_no, 3000, 70000))
        end as cancelled_at,
        case when cancelled = 'kept' then seconds_after(captured_at, between_u('ship', order_no, 14400, 210000)) end
            as shipped_at
    from paid
),

delivered as (
    select
        *,
        case
            when
                u('lost', order_no) >= 0.005
                then seconds_after(shipped_at, between_u('travel', order_no, 60000, 520000))
        end as delivered_at
    from fulfilled
),

-- Money goes back for orders cancelled after payment, and for 5 % of what was delivered; never for odd captures.
returned as (
    select
        *,
        case
            when fraud is not null or capture <> 'normal' then null
            when cancelled = 'after payment' then seconds_after(cancelled_at, between_u('refund', order_no, 60, 7200))
            when
                u('return', order_no) < 0.05
                then seconds_after(delivered_at, between_u('refund', order_no, 86400, 1700000))
        end as refunded_at
    from delivered
)

select
    *,
    case
        when refunded_at is null then null
        when cancelled = 'after payment' or u('part', order_no) < 0.55 then total
        else round(total * pick([0.25, 0.5, 0.4], u('part of', order_no)), 2)::decimal(12, 2)
    end as refund_amount,
    case
        when is_unpaid or captured_at is null or capture <> 'normal' or refunded_at is not null then null
        when fraud = 'stolen' and u('dispute', order_no) < 0.85
            then seconds_after(captured_at, between_u('disputed', order_no, 700000, 3900000))
        when fraud is null and u('dispute', order_no) < 0.0015
            then seconds_after(captured_at, between_u('disputed', order_no, 1300000, 5200000))
    end as disputed_at
from returned;
