with

events as (
    select count(*) as event_count from {{ ref('int_events__judged') }}
    where refusal_reason is null
),

sessions as (
    select coalesce(sum(event_count), 0) as event_count from {{ ref('int_sessions__built') }}
)

select
    events.event_count,
    sessions.event_count as session_event_count
from events
cross join sessions
where events.event_count <> sessions.event_count
