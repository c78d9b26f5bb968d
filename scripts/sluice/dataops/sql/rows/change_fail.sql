-- Releases with code of the window. One that nobody took back is good when seven days without a fix are over.
select
    event_id as id,
    release_id as subject,
    published_at as started_at,
    coalesce(withdrawn_at, fixed_at) as ended_at,
    seconds_between(published_at, coalesce(withdrawn_at, fixed_at)) as value,
    case
        when withdrawn_at is not null or fixed_at is not null then 'failed'
        when published_at + interval 7 days > to_at then 'pending'
        when changed is null then 'unknown'
        else 'good'
    end as state,
    case
        when withdrawn_at is not null then concat_ws(': ', 'rolled back', why)
        when fixed_at is not null then concat('fixed by ', fixed_by)
    end as reason
from failures, span
where kind = 'code' and published_at >= from_at and published_at < to_at
