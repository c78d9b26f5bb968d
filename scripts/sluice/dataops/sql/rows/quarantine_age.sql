-- Rows in quarantine: those that wait, with their age, and those that somebody has decided on in the window.
with decided as (

    select quarantine_id, max(decided_at) as decided_at
    from ops.decisions
    group by quarantine_id

)

select
    quarantined.quarantine_id as id,
    quarantined.feed as subject,
    quarantined.refused_at as started_at,
    if(quarantined.status = 'open', null, decided.decided_at) as ended_at,
    case
        when quarantined.status = 'open' then 'open'
        -- A row that a build has let in since is known by its decision alone.
        when decided.decided_at <= quarantined.refused_at then 'unknown'
        else quarantined.status
    end as state,
    if(state = 'unknown', null, seconds_between(quarantined.refused_at, coalesce(ended_at, span.to_at))) as value,
    quarantined.rule as reason
from quarantined
cross join span
left join decided using (quarantine_id)
where quarantined.status = 'open' or (decided.decided_at >= span.from_at and decided.decided_at < span.to_at)
