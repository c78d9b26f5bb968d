-- What runs and people wrote of each incident of the environment, by the time that it was open.
select
    incidents_now.incident_id,
    incidents_now.number,
    events.event_id,
    events.happened_at,
    events.event,
    events.severity,
    events.release_id,
    events.findings,
    events.bad_from_at
from incidents_now
inner join span using (environment)
inner join ops.incidents as events
    on
        incidents_now.incident_id = events.incident_id
        and incidents_now.opened_at <= events.happened_at
        and coalesce(incidents_now.ended_at, 'infinity') >= events.happened_at
