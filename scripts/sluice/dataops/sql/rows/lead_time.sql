-- Commits that a release of the window was the first to contain. A squash merge has lost when its work began: it counts from
-- the merge on, and apart. A merge brings nothing of its own.
with told as (

    select
        *,
        parents > 1 or (parents is null and subject like 'Merge %') as is_merge,
        pull_request is not null as has_number
    from first_commits

)

select
    code_commit as id,
    release_id as subject,
    case when has_number and not is_merge then committed_at else authored_at end as started_at,
    published_at as ended_at,
    seconds_between(started_at, published_at) as value,
    case
        when is_merge then 'merge'
        when started_at > published_at then 'unknown'
        when has_number then 'squashed'
        else 'counted'
    end as state,
    told.subject as reason
from told, span
where published_at >= from_at and published_at < to_at
