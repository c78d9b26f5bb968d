-- What cutting again only some sessions could get wrong: two that should be one. A visitor without new events keeps
-- what was there (macros/incremental/changed_rows.sql).
with

sessions as (
    select
        session_id,
        started_at,
        lag(ended_at) over (partition by visitor_id order by started_at) as previous_ended_at
    from {{ ref('int_sessions__built') }}
    where {{ changed_rows().changed_visitors }}
)

select * from sessions
where started_at - previous_ended_at <= {{ idle_time() }}
