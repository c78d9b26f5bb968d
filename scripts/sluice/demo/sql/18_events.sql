-- What each visit did, click by click. An order's visit ends with its purchase; the others stop somewhere before.
insert into queue_events
with steps as (
    select
        *,
        unnest(range(n_events)) as step_no
    from chunk_sessions
),

timed as (
    select
        *,
        session_no * 128 + step_no as event_no,
        -- clicks come `gap_s` apart, give or take; the purchase comes a moment after its order
        anchor_at + to_milliseconds(
            case
                when kind = 'order' and step_no = n_events - 1 then 1 + (h('ms', session_no) % 900)::bigint
                when kind = 'order' then -1000 * gap_s * (n_events - 1 - step_no)
                else 1000 * gap_s * step_no
            end
            + if(
                kind = 'order' and step_no = n_events - 1,
                0,
                (h('ms', session_no * 128 + step_no) % (900 * gap_s)::ubigint)::bigint
            )
        ) as occurred_at
    from steps
),

typed as (
    select
        *,
        case
            when kind = 'order' and step_no = n_events - 1 then 'purchase'
            when kind = 'order' and step_no = n_events - 2 then 'checkout'
            when kind = 'order' and step_no > n_pre then if((step_no - n_pre) % 2 = 1, 'product_view', 'add_to_cart')
            when checks_out and n_events > 2 and step_no = n_events - 1 then 'checkout'
            when fills_cart and n_events > 2 and step_no = n_events - 1 - checks_out::integer then 'add_to_cart'
            when step_no = 0 then if(u('landing', session_no) < 0.4, 'product_view', 'page_view')
            else if(u('click', event_no) < 0.66, 'product_view', 'page_view')
        end as "type"
    from timed
),

with_goods as (
    select
        typed.*,
        case
            when typed."type" not in ('product_view', 'add_to_cart') then null
            when typed.kind = 'order' and typed.step_no > typed.n_pre
                then typed.product_ids[1 + (typed.step_no - typed.n_pre - 1) // 2]
            else product_slots.product_id
        end as product_id
    from typed
    inner join product_slots
        on
            typed.day_no // 28 = product_slots.period_no
            and product_slots.lane = 0
            and floor(
                u('seen', typed.session_no * 128 + if(typed."type" = 'add_to_cart', typed.step_no - 1, typed.step_no))
                * getvariable('slots')
            )::bigint = product_slots.slot
),

-- Most events are received within seconds; 1 visit in 40 was offline and sends its clicks together, hours later.
received as (
    select
        *,
        greatest(
            occurred_at + to_milliseconds(
                (h('lag', event_no) % 20000)::bigint
                + if(u('offline', session_no) < 0.025, 60000 * between_u('upload', session_no, 5, 180), 0)
            ),
            day_on::timestamp
        ) as received_at
    from with_goods
)

select
    received_at::date as delivered_on,
    received_at as sort_at,
    event_no as sort_id,
    event_no as entity_id,
    visitor_id,
    if(kind = 'order' and step_no < n_events - 2 and u('login', session_no) < 0.5, null, 10000 + customer_no)
        as customer_id,
    "type",
    occurred_at,
    case "type"
        when 'purchase' then '/checkout/thanks'
        when 'checkout' then '/checkout'
        when
            'page_view'
            then pick(['/', '/', '/search', '/sale', '/c/kitchen', '/c/electronics', '/c/home'], u('page', event_no))
        else '/p/' || product_id::varchar
    end as path,
    case
        when step_no > 0 then 'https://shop.example/'
        when kind = 'bot' then null
        else
            pick(
                ['https://www.google.com/', 'https://www.google.com/', 'https://www.instagram.com/', null, null],
                u('referrer', session_no)
            )
    end as referrer,
    product_id,
    if("type" = 'purchase', 1000000 + order_no, null) as order_id,
    device_kind,
    os,
    country_code,
    if(
        kind <> 'bot',
        pick(
            ['spring_sale', 'newsletter', 'retargeting', null, null, null, null, null, null], u('campaign', session_no)
        ),
        null
    ) as campaign
from received
where received_at::date <= getvariable('last_on');
