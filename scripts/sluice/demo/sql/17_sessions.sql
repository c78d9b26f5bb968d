-- Visits to the site: one that leads to each web or app order, and 2.5 per order that lead to nothing (half of them by
-- known customers, the rest strangers who come back within a fortnight, and a few bots).
create or replace temp table chunk_sessions as
with buying as (
    select
        order_no * 8 as session_no,
        day_no,
        day_on,
        order_no,
        'order' as kind,
        ordered_at as anchor_at,
        customer_no,
        customer_visitor(customer_no, u('browser', order_no)) as visitor_id,
        home_country as country_code,
        product_ids,
        channel = 'app' as is_app,
        floor(-1.6 * ln(1 - u('pre', order_no)))::bigint as n_pre,
        least(n_items, 3) as n_goods,
        case when fraud is null then between_u('gap', order_no, 6, 75) else 3 end as gap_s
    from chunk_orders
    where channel <> 'marketplace'
),

drawn as (
    select
        day_no,
        day_on,
        first_customer_no,
        first_order_no,
        n_orders,
        unnest(range(n_orders * 5 // 2)) as seq
    from days
    where day_no between getvariable('first_day') and getvariable('last_day')
),

numbered as (
    select
        *,
        (first_order_no * 5 // 2 + day_no + seq) * 8 + 1 as session_no
    from drawn
),

looking as (
    select
        numbered.session_no,
        numbered.day_no,
        numbered.day_on,
        case when u('bot', session_no) < 0.0015 then 'bot' else 'browse' end as kind,
        seconds_after(day_on::timestamp, floor(clock.second_of_day + clock.seconds_wide * u('second', session_no)))
            as anchor_at,
        if(u('known', session_no) < 0.45, returning_customer('looker', session_no, first_customer_no), null)
            as customer_no,
        -- a stranger's cookie: the shop's pool of strangers grows with its traffic and is renewed every 14 days
        (day_no // 14) * 1000000000 + floor(n_orders * 12 * pow(u('stranger', session_no), 2.0))::bigint as stranger_no
    from numbered
    inner join clock on floor(u('minute', session_no) * 1440)::integer = clock.slot
),

browsing as (
    select
        session_no,
        day_no,
        day_on,
        kind,
        anchor_at,
        if(kind = 'bot' or u('login', session_no) >= 0.5, null, customer_no) as customer_no,
        case
            when kind = 'bot' then 'v_' || hex16(h('bot visitor', day_no * 4 + session_no % 3))
            when customer_no is not null then customer_visitor(customer_no, u('browser', session_no))
            else 'v_' || hex16(h('stranger', stranger_no))
        end as visitor_id,
        case when kind = 'bot' then 'US' else customer_country(coalesce(customer_no, stranger_no)) end as country_code,
        false as is_app,
        case
            when kind = 'bot' then between_u('pages', session_no, 30, 120)
            when u('bounce', session_no) < 0.42 then 1
            else 2 + least(floor(-1.5 * ln(1 - u('pages', session_no))), 18)::bigint
        end as n_events,
        u('cart', session_no) < 0.22 as fills_cart,
        u('cart', session_no) < 0.07 as checks_out,
        if(kind = 'bot', 1, between_u('gap', session_no, 5, 80)) as gap_s
    from looking
),

visits as (
    select
        *,
        1 + n_pre + 2 * n_goods + 2 as n_events,
        false as fills_cart,
        false as checks_out
    from buying
    union all by name
    select * from browsing
)

select
    *,
    case
        when kind = 'bot' then 'desktop'
        when is_app then 'mobile'
        else (['mobile', 'mobile', 'mobile', 'desktop', 'desktop', 'tablet'])[1 + (hash(visitor_id) % 6)::integer]
    end as device_kind,
    case
        when kind = 'bot' then 'Linux'
        when is_app or hash(visitor_id) % 6 < 3 then if(hash(visitor_id) % 7 < 3, 'iOS', 'Android')
        when hash(visitor_id) % 6 < 5 then if(hash(visitor_id) % 7 < 5, 'Windows', 'macOS')
        else if(hash(visitor_id) % 7 < 5, 'iPadOS', 'Android')
    end as os
from visits;
