-- The orders of this part's days: who, when, where, how paid. Goods follow in 11_items.sql, times of delivery in 12.
create or replace temp table chunk_drafts as
select * from order_drafts(getvariable('first_day'), getvariable('last_day'));

create or replace temp table chunk_buyers as
with counted as (
    select
        *,
        sum(is_new_customer::integer) over (partition by day_no order by seq) as new_so_far
    from chunk_drafts
),

-- A burst starts where its first order would stand; everybody else has the time of their own place in the day.
placed as (
    select
        counted.*,
        days.day_on,
        days.n_orders,
        days.first_customer_no,
        if(counted.fraud is null, 0, counted.burst_seq) as after_first
    from counted
    inner join days on counted.day_no = days.day_no
),

fractions as (
    select
        *,
        (seq - after_first + u('time', order_no - after_first)) / n_orders as part_of_day
    from placed
),

timed as (
    select
        fractions.*,
        clock.second_of_day + clock.seconds_wide * (1440 * fractions.part_of_day - clock.slot) as second_of_day
    from fractions
    inner join clock on least(floor(1440 * fractions.part_of_day), 1439)::integer = clock.slot
),

burst_timed as (
    select
        * exclude (second_of_day),
        case
            when fraud = 'testing' then least(second_of_day, 86000) + burst_seq * between_u('pace', block_key, 20, 60)
            when fraud = 'stolen' then least(second_of_day, 84000) + burst_seq * between_u('pace', block_key, 60, 280)
            else second_of_day
        end::bigint as second_of_day
    from timed
)

select
    order_no,
    day_no,
    day_on,
    seq,
    fraud,
    block_key,
    burst_seq,
    is_new_customer,
    seconds_after(day_on::timestamp, second_of_day) as ordered_at,
    second_of_day,
    case
        when is_new_customer or fraud is not null then first_customer_no + new_so_far - 1
        else returning_customer('buyer', order_no, first_customer_no)
    end::bigint as customer_no
from burst_timed;

create or replace temp table chunk_people as
with located as (
    select
        *,
        customer_country(customer_no) as home_country,
        currency_of(customer_country(customer_no)) as currency_code,
        case
            when fraud is not null then 'web'
            when u('channel', order_no) < 0.58 then 'web'
            when u('channel', order_no) < 0.88 then 'app'
            else 'marketplace'
        end as channel
    from chunk_buyers
)

select
    *,
    case
        when fraud = 'stolen' then pick(['RO', 'BG', 'ES', 'IT', 'US'], u('drop', block_key))
        when u('abroad', order_no) < 0.02 then customer_country(order_no + 7777777)
        else home_country
    end as ship_country,
    case
        when fraud is null and channel <> 'marketplace' and u('voucher', order_no) < 0.12
            then pick(['WELCOME10', 'SPRING15', 'VIP20', 'APP10'], u('which', order_no))
    end as voucher_code,
    case
        when fraud = 'testing' then 1
        when fraud = 'stolen' then between_u('lines', order_no, 1, 2)
        else least(1 + floor(-1.15 * ln(1 - u('lines', order_no))), 8)::bigint
    end as n_items,
    case when fraud = 'testing' then 1 when fraud = 'stolen' then 2 else 0 end as lane
from located;
