-- Who signed up: at the first part everybody from the years before, then those who came with an order of this part
-- (minutes before it), then those who only registered. Some move or change their address and are delivered again.
insert into queue_customers
with early as (
    select
        n_before,
        unnest(range(n_before)) as customer_no
    from days
    where day_no = 0 and getvariable('first_day') = 0
),

idle as (
    select
        day_on,
        first_customer_no + n_new + unnest(range(n_idle)) as customer_no
    from days
    where day_no between getvariable('first_day') and getvariable('last_day')
),

signed_up as (
    select
        customer_no,
        seconds_after(
            getvariable('start_on')::timestamp,
            -between_u('since', customer_no, 1, 40000) - (n_before - customer_no) * (70000000 // n_before)
        ) as signed_up_at
    from early
    union all
    select
        customer_no,
        seconds_after(ordered_at, -least(between_u('before', order_no, 60, 1200), second_of_day // 2))
    from chunk_buyers
    where is_new_customer
    union all
    select
        customer_no,
        seconds_after(day_on::timestamp, between_u('idle', customer_no, 21600, 86399))
    from idle
),

named as (
    select
        *,
        customer_country(customer_no) as country_code,
        greatest(signed_up_at, getvariable('start_on')::timestamp) as known_from,
        pick(getvariable('first_names'), u('first name', customer_no)) as first_name,
        pick(getvariable('last_names'), u('last name', customer_no)) as last_name
    from signed_up
),

versions as (
    select
        *,
        0 as version_no,
        signed_up_at as updated_at
    from named
    union all
    select
        *,
        1,
        seconds_after(known_from, between_u('moved', customer_no, 3600, 34000000))
    from named
    where u('moves', customer_no) < 0.14
    union all
    select
        *,
        2,
        seconds_after(known_from, between_u('mail', customer_no, 34000001, 68000000))
    from named
    where u('mails', customer_no) < 0.14
    union all
    select
        *,
        3,
        seconds_after(known_from, between_u('choice', customer_no, 7200, 9000000))
    from named
    where u('chooses', customer_no) < 0.05
),

-- what holds at each version: the latest city, address and choice up to then
known as (
    select
        *,
        coalesce(max(updated_at) filter (where version_no = 1) over upto is not null, false) as has_moved,
        coalesce(max(updated_at) filter (where version_no = 2) over upto is not null, false) as has_new_mail,
        coalesce(max(updated_at) filter (where version_no = 3) over upto is not null, false) as has_chosen
    from versions
    where updated_at::date <= getvariable('last_on')
    window upto as (partition by customer_no order by updated_at, version_no)
)

select
    case
        when version_no = 0 then greatest(updated_at::date, getvariable('start_on'))
        else late_by('customer', customer_no * 4 + version_no, updated_at)
    end as delivered_on,
    updated_at as sort_at,
    customer_no * 4 + version_no as sort_id,
    customer_no as entity_id,
    10000 + customer_no as customer_id,
    lower(replace(first_name || '.' || last_name, '''', '')) || (customer_no % 9973)::varchar
    || case when has_new_mail then '@mail.example.net' else '@example.com' end as email,
    first_name || ' ' || last_name as full_name,
    country_code,
    pick(cities_of(country_code), u(if(has_moved, 'city 2', 'city 1'), customer_no)) as city,
    signed_up_at,
    (u('marketing', customer_no) < 0.42) <> has_chosen as accepts_marketing,
    updated_at
from known;
