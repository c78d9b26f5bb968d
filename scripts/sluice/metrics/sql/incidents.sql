-- Incidents that are not over, by what a person has said about them. `incidents_now` has a row for each time that one was open.
with counted as (
    select environment, severity, state::varchar as state, count(*) as incidents, epoch(min(since_at)) as oldest_at
    from incidents_now
    where is_latest and state in ('open', 'acknowledged')
    group by all
),

-- Where there are none the number is 0, so that an alert on it ends.
possible as (
    select name as environment, severity, state
    from
        environments
        cross join (select unnest(['warn', 'error']) as severity)
        cross join (select unnest(['open', 'acknowledged']) as state)
)

select environment, severity, state, coalesce(incidents, 0) as incidents, oldest_at
from possible
left join counted using (environment, severity, state)
order by all
