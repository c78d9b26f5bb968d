-- When readers of a mart had wrong data, cut to the window. Rows of one mart may overlap: the figures count each second once.
select
    bad_times.id,
    bad_times.mart as subject,
    greatest(bad_times.started_at, span.from_at) as started_at,
    bad_times.ended_at,
    seconds_between(greatest(bad_times.started_at, span.from_at), coalesce(bad_times.ended_at, span.to_at)) as value,
    if(bad_times.is_certain, 'counted', 'suspected') as state,
    bad_times.reason
from bad_times, span
where
    bad_times.started_at < span.to_at
    and coalesce(bad_times.ended_at, 'infinity') > greatest(bad_times.started_at, span.from_at)
