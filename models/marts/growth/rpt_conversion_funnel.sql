with

sessions as (
    select * from {{ ref('fct_sessions') }}
),

visits as (
    select
        source_system,
        started_on,
        reached_step_number,
        coalesce(device_kind, 'unknown') as device_kind,
        coalesce(country_code, 'unknown') as country_code,
        count(*) as session_count
    from sessions
    where not is_bot
    group by all
),

steps as (
    select named.*
    from (
        values (1, 'visit'), (2, 'product_view'), (3, 'add_to_cart'), (4, 'checkout'), (5, 'purchase')
    ) as named (step_number, step)
),

-- A session counts for every step up to its furthest, so no step has more sessions than the one before.
reached as (
    select
        visits.source_system,
        visits.started_on,
        visits.device_kind,
        visits.country_code,
        steps.step_number,
        steps.step,
        sum(visits.session_count) as visit_count,
        sum(
            case when visits.reached_step_number >= steps.step_number then visits.session_count else 0 end
        ) as session_count
    from visits
    cross join steps
    group by all
),

compared as (
    select
        *,
        lag(session_count) over (
            partition by source_system, started_on, device_kind, country_code
            order by step_number
        ) as previous_session_count
    from reached
),

final as (
    select
        source_system,
        started_on,
        device_kind,
        country_code,
        cast(step_number as integer) as step_number,
        step,
        cast(session_count as bigint) as session_count,
        {{ share('session_count', 'visit_count') }} as share_of_visits,
        {{ share('session_count', 'previous_session_count') }} as share_of_previous_step
    from compared
)

select * from final
