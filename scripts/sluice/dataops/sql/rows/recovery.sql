-- Releases of the window that failed, until readers had none of it any more: by a rollback or, without one, by a fix.
select
    event_id as id,
    release_id as subject,
    published_at as started_at,
    coalesce(withdrawn_at, fixed_at) as ended_at,
    seconds_between(published_at, coalesce(withdrawn_at, fixed_at)) as value,
    kind as state,
    case
        when withdrawn_at is not null then concat_ws(': ', 'rolled back', why)
        else concat('fixed by ', fixed_by)
    end as reason
from failures, span
where
    coalesce(withdrawn_at, fixed_at) is not null
    and published_at >= from_at
    and published_at < to_at
