-- When readers of a mart had wrong data, one row for each reason; rows of one mart may overlap.
with periods as (

    select incident_spans.incident_id, incident_spans.number, moves.release_id, moves.moved_at, moves.left_at
    from incident_spans
    inner join moves
        on
            -- A run has found it in this release while readers had it,
            exists (
                from incident_events as events
                where
                    events.incident_id = incident_spans.incident_id
                    and events.number = incident_spans.number
                    and events.event in ('opened', 'changed', 'seen')
                    and events.release_id = moves.release_id
                    and events.happened_at >= moves.moved_at
            )
            -- or a person has said that rows were wrong before it was made.
            or moves.moved_at between incident_spans.bad_from_at and incident_spans.opened_at

),

of_incidents as (

    select
        incident_spans.incident_id as id,
        marts.label as mart,
        periods.moved_at as started_at,
        -- What comes first; null where neither has come.
        least(periods.left_at, incident_spans.ended_at) as ended_at,
        incident_spans.is_error or incident_spans.bad_from_at is not null as is_certain,
        incident_spans.title as reason
    from periods
    inner join incident_spans using (incident_id, number)
    inner join marts on list_contains(incident_spans.touches, marts.label)

),

of_rollbacks as (

    select
        withdrawals.event_id as id,
        marts.label as mart,
        withdrawals.bad_from_at as started_at,
        withdrawals.withdrawn_at as ended_at,
        true as is_certain,
        concat_ws(': ', 'rolled back', withdrawals.why) as reason
    from withdrawals
    left join known_names as named on withdrawals.event_id = named.event_id
    inner join marts on named.touches is null or list_contains(named.touches, marts.label)

),

of_fixes as (

    select distinct
        failures.event_id as id,
        below.mart,
        failures.published_at as started_at,
        failures.fixed_at as ended_at,
        true as is_certain,
        concat('fixed by ', failures.fixed_by) as reason
    from failures
    inner join below on list_contains(list_intersect(failures.changed, failures.fixed_nodes), below.node)
    where failures.fixed_at is not null and failures.withdrawn_at is null

)

select * from of_incidents
union all
select * from of_rollbacks
union all
select * from of_fixes
