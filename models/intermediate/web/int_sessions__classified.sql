with

sessions as (
    select * from {{ ref('int_sessions__built') }}
),

-- The furthest step counts, whether or not the steps before it were seen: a purchase in a session that never showed the
-- cart is still a purchase.
stepped as (
    select
        *,
        case
            when purchase_count > 0 then 5
            when checkout_count > 0 then 4
            when add_to_cart_count > 0 then 3
            when product_view_count > 0 then 2
            else 1
        end as reached_step_number
    from sessions
),

classified as (
    select
        session_id,
        source_system,
        visitor_id,
        customer_id,
        order_id,
        started_at,
        ended_at,
        event_count,
        page_view_count,
        product_view_count,
        add_to_cart_count,
        checkout_count,
        purchase_count,
        landing_path,
        referrer,
        campaign,
        device_kind,
        country_code,
        has_burst,
        last_delivered_at,
        reached_step_number,
        cast(started_at as date) as started_on,
        {{ whole_seconds_between('started_at', 'ended_at') }} as duration_seconds,
        case reached_step_number
            when 5 then 'purchase'
            when 4 then 'checkout'
            when 3 then 'add_to_cart'
            when 2 then 'product_view'
            else 'visit'
        end as reached_step,
        purchase_count > 0 as has_purchase,
        event_count = 1 as is_bounce,
        has_burst and purchase_count = 0 as is_bot
    from stepped
)

select * from classified
