-- Incidents of the window, from the time of the first wrong row to the incident. A person says that time; a chart knows the day
-- of its point, a late source its last delivery. Any other check knows only when it ran.
select
    incident_id as id,
    title as subject,
    coalesce(bad_from_at, data_since_at) as started_at,
    opened_at as ended_at,
    seconds_between(coalesce(bad_from_at, data_since_at), opened_at) as value,
    if(coalesce(bad_from_at, data_since_at) <= opened_at, 'counted', 'unknown') as state,
    case
        when bad_from_at is not null then 'the time that a person gave'
        when data_since_at is not null then 'the time of the data'
        else 'the time of the first wrong row is not known'
    end as reason
from incident_spans, span
where opened_at >= from_at and opened_at < to_at
