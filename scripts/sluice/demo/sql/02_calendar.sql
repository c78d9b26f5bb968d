-- One row per day of the run: how many orders it has, and which numbers they get.
-- Shape: growth of 25 % a year, seasons (high in November and December, low in summer), weekdays, one busy week around
-- Black Friday, and noise. Whole numbers from here on, so that no sum depends on the order of its terms.
create table day_weights as
with calendar as (
    select
        day_no::bigint as day_no,
        (getvariable('start_on') + day_no::integer)::date as day_on
    from range(getvariable('days')) as r (day_no)
)

select
    day_no,
    day_on,
    greatest(round(
        1000000 * pow(1.25, day_no / 365.0)
        * ([0.92, 0.88, 0.95, 0.97, 1.00, 0.95, 0.88, 0.86, 1.00, 1.06, 1.28, 1.36])[month(day_on)]
        * ([1.06, 1.02, 1.00, 0.99, 0.95, 0.84, 1.14])[isodow(day_on)]
        * case when month(day_on) = 11 and day(day_on) between 24 and 30 then 1.7 else 1.0 end
        * exp(0.07 * gauss('day', day_no))
    ), 1)::hugeint as weight
from calendar;

create table order_counts as
with summed as (
    select
        day_no,
        day_on,
        sum(weight) over (order by day_no) as upto,
        sum(weight) over () as total
    from day_weights
),

shared as (
    select
        day_no,
        day_on,
        (getvariable('orders') * upto // total)::bigint as orders_upto
    from summed
)

select
    day_no,
    day_on,
    coalesce(lag(orders_upto) over (order by day_no), 0) as first_order_no,
    orders_upto - coalesce(lag(orders_upto) over (order by day_no), 0) as n_orders
from shared;

-- Indents are not judged here: the linter would move the body of a macro to the left.
-- noqa: disable=LT02

-- Fraud comes in bursts: now and then one block of 32 neighbouring orders holds a run of 3 to 8 of one thief.
create macro burst_kind(block_key) as
    case
        when u('burst', block_key) < 0.015 * getvariable('fraud') then 'testing'
        when u('burst', block_key) < 0.035 * getvariable('fraud') then 'stolen'
    end;

create macro burst_size(block_key) as
    case
        when u('burst', block_key) < 0.015 * getvariable('fraud') then between_u('size', block_key, 3, 5)
        else between_u('size', block_key, 4, 8)
    end;

-- Orders before they have a time, a customer or goods. A thief's first order opens an account, the rest use it.
create macro order_drafts(first_day, last_day) as table
with numbered as (
    select
        day_no,
        n_orders,
        first_order_no,
        unnest(range(n_orders)) as seq
    from order_counts
    where day_no between first_day and last_day
),

blocked as (
    select
        *,
        day_no * 1000000 + seq // 32 as block_key,
        seq % 32 - between_u('offset', day_no * 1000000 + seq // 32, 0, 20) as burst_seq,
        (seq // 32 + 1) * 32 <= n_orders as is_full_block
    from numbered
),

judged as (
    select
        *,
        case
            when is_full_block and burst_seq >= 0 and burst_seq < burst_size(block_key) then burst_kind(block_key)
        end as fraud
    from blocked
)

select
    first_order_no + seq as order_no,
    day_no,
    seq,
    fraud,
    block_key,
    burst_seq,
    case when fraud is null then u('new', first_order_no + seq) < 0.28 else burst_seq = 0 end as is_new_customer
from judged;
