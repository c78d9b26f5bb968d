-- Every time that an incident was open. It was found after the publish where readers had the release that it was found in.
with counted as (

    select
        incident_id,
        number,
        first(release_id order by happened_at, event_id) as release_id,
        bool_or(severity = 'error') as is_error,
        arg_max(bad_from_at, happened_at) filter (where bad_from_at is not null) as bad_from_at,
        -- Only of these is the time of the data known: of others it is when they were looked at.
        min(list_min(list_transform(
            list_filter(findings, lambda one: one.kind in ('control_chart', 'late')), lambda one: one.since_at
        ))) as data_since_at
    from incident_events
    group by all

)

select
    counted.*,
    incidents_now.opened_at,
    incidents_now.ended_at,
    incidents_now.title,
    incidents_now.touches,
    exists (
        from moves
        where moves.release_id = counted.release_id and moves.moved_at <= incidents_now.opened_at
    ) as is_published
from counted
inner join incidents_now using (incident_id, number)
