{{ config(materialized='incremental', incremental_strategy='replace_sessions') }}

{#- Visitors are taken in pieces of about ten million events: sorting all of them at once does not fit into memory. -#}
{%- set pieces = 1 if is_incremental() else 1 + row_count(ref('int_events__judged')) // 10000000 %}

with

-- Events of one moment are put in the order of their ids, so that a session does not depend on the order of delivery.
{% for piece in range(pieces) %}
    compared_{{ piece }} as (
        select
            *,
            row_number() over visit as event_number,
            lag(occurred_at) over visit as previous_at,
            lag(occurred_at, {{ var('bot_events_per_minute') }}) over visit as burst_started_at
        from {{ ref('int_events__judged') }} as events
        where
            refusal_reason is null
            and hash(events.visitor_id) % {{ pieces }} = {{ piece }}
            -- macros/incremental/sessions.sql says why these are enough
            and {{ events_to_cut(this, ref('int_events__judged')) if is_incremental() else 'true' }}
        window visit as (partition by visitor_id order by occurred_at, event_id)
    ),

    started_{{ piece }} as (
        select
            *,
            previous_at is null or occurred_at - previous_at > {{ idle_time() }} as starts_session
        from compared_{{ piece }}
    ),

    numbered_{{ piece }} as (
        select
            *,
            count(*) filter (where starts_session) over (
                partition by visitor_id
                order by event_number
                rows between unbounded preceding and current row
            ) as session_number
        from started_{{ piece }}
    ),

    sessions_{{ piece }} as (
        select
            visitor_id,
            -- an event starts one session at most
            md5(max(event_id) filter (where starts_session)) as session_id,
            max(source_system) as source_system,
            max_by(customer_id, event_number) filter (where customer_id is not null) as customer_id,
            min_by(order_id, event_number) filter (where order_id is not null) as order_id,

            min(occurred_at) as started_at,
            max(occurred_at) as ended_at,

            count(*) as event_count,
            count(*) filter (where event_type = 'page_view') as page_view_count,
            count(*) filter (where event_type = 'product_view') as product_view_count,
            count(*) filter (where event_type = 'add_to_cart') as add_to_cart_count,
            count(*) filter (where event_type = 'checkout') as checkout_count,
            count(*) filter (where event_type = 'purchase') as purchase_count,

            max(page_path) filter (where starts_session) as landing_path,
            max(referrer) filter (where starts_session) as referrer,
            min_by(campaign, event_number) filter (where campaign is not null) as campaign,
            max(device_kind) filter (where starts_session) as device_kind,
            max(country_code) filter (where starts_session) as country_code,

            coalesce(bool_or(occurred_at - burst_started_at < interval '1 minute'), false) as has_burst,
            max(last_delivered_at) as last_delivered_at
        from numbered_{{ piece }}
        group by visitor_id, session_number
    ),

{% endfor %}
sessions as (
    {%- for piece in range(pieces) %}
        select * from sessions_{{ piece }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

-- In order of time, so that a look at one day reads one day.
select * from sessions
order by started_at
