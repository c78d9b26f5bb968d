-- What cutting again only some sessions could get wrong: two that should be one.
with

sessions as (
    select
        session_id,
        started_at,
        lag(ended_at) over (partition by visitor_id order by started_at) as previous_ended_at
    from {{ ref('int_sessions__built') }}
)

select * from sessions
where started_at - previous_ended_at <= {{ idle_time() }}
