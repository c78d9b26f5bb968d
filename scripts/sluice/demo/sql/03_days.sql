-- Completes the calendar: how many customers sign up on each day, and which numbers they get. Needs a count over all
-- drafts (new customers are drawn per order), so it stands apart from 02_calendar.sql.
create table days as
with signed_up as (
    select
        day_no,
        count(*) filter (where is_new_customer) as n_new
    from order_drafts(0, getvariable('days') - 1)
    group by day_no
),

counted as (
    select
        order_counts.day_no,
        order_counts.day_on,
        order_counts.first_order_no,
        order_counts.n_orders,
        coalesce(signed_up.n_new, 0) as n_new,
        -- people who register and never order
        coalesce(signed_up.n_new, 0) // 9 as n_idle
    from order_counts
    left join signed_up on order_counts.day_no = signed_up.day_no
),

-- The shop is not new: it has customers from the years before. Whole blocks of 64 (see returning_customer).
before_start as (
    select ((getvariable('orders') * 15 // 100 + 50) // 64 + 1) * 64 as n_before
)

select
    counted.*,
    before_start.n_before,
    (
        before_start.n_before
        + coalesce(sum(counted.n_new + counted.n_idle) over (
            order by counted.day_no rows between unbounded preceding and 1 preceding
        ), 0)
    )::bigint as first_customer_no
from counted
cross join before_start;

-- When in the day people buy (UTC): 1,440 equally likely slots, so an order's time is one look-up.
create table clock as
with hours as (
    select
        hour_no::integer as hour_no,
        ([
            8, 5, 3, 2, 2, 4, 10, 22, 36, 46, 52, 58, 66, 58, 52, 50, 54, 62, 76, 94, 98, 76, 44, 20
        ])[hour_no + 1] as weight
    from range(24) as r (hour_no)
),

summed as (
    select
        hour_no,
        weight,
        sum(weight) over (order by hour_no) - weight as from_weight,
        sum(weight) over () as total
    from hours
)

select
    slot::integer as slot,
    round(3600 * (hour_no + (slot * total / 1440.0 - from_weight) / weight), 3) as second_of_day,
    3600.0 * total / 1440.0 / weight as seconds_wide
from range(1440) as r (slot)
inner join summed
    on slot * total / 1440.0 >= from_weight and slot * total / 1440.0 < from_weight + weight;
