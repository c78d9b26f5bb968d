{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='started_on',
    pre_hook="
        {% if is_incremental() %}
        -- a day that has no sessions any more
        delete from {{ this }}
        where started_on not in (select started_on from {{ ref('int_sessions__classified') }})
        {% endif %}
    ",
) }}

with

sessions as (
    select * from {{ ref('int_sessions__classified') }}
),

-- A mart holds no load times, so what is new in it can't be told by them. Days are compared instead, and replaced.
changed_days as (
    select * from sessions
    {% if is_incremental() %}
        where {{ is_day_that_differs(this, ref('int_sessions__classified'), 'started_on') }}
    {% endif %}
),

final as (
    select
        session_id,
        source_system,
        visitor_id,
        customer_id,
        order_id,
        started_at,
        ended_at,
        started_on,
        duration_seconds,
        cast(event_count as integer) as event_count,
        cast(page_view_count as integer) as page_view_count,
        cast(product_view_count as integer) as product_view_count,
        cast(add_to_cart_count as integer) as add_to_cart_count,
        cast(checkout_count as integer) as checkout_count,
        cast(purchase_count as integer) as purchase_count,
        landing_path,
        referrer,
        campaign,
        device_kind,
        country_code,
        reached_step,
        reached_step_number,
        has_purchase,
        is_bounce,
        is_bot
    from changed_days
)

select * from final
order by started_at
