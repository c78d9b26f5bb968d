-- Releases with code of the window, and whether one of their commits was made because of an incident.
with brought as (

    select
        event_id,
        count(*) as commits,
        count(*) filter (where incidents is not null) as told
    from first_commits
    group by event_id

)

select
    deployments.event_id as id,
    deployments.release_id as subject,
    deployments.published_at as started_at,
    null::timestamp as ended_at,
    coalesce(brought.commits, 0)::double as value,
    case
        when fixes.event_id is not null then 'rework'
        when coalesce(brought.told, 0) = 0 then 'unknown'
        else 'planned'
    end as state,
    concat_ws(
        '; ',
        case when len(fixes.incidents) > 0 then 'incident ' || array_to_string(fixes.incidents, ', ') end,
        case when len(fixes.reverts) > 0 then 'reverts ' || array_to_string(fixes.reverts, ', ') end
    ) as reason
from deployments
cross join span
left join brought using (event_id)
left join fixes using (event_id)
where
    deployments.kind = 'code'
    and deployments.published_at >= span.from_at
    and deployments.published_at < span.to_at
