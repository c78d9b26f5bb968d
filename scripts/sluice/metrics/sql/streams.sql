-- How far each stream is behind, by what it said last. Several processes may share a feed: the newest entry of each run counts,
-- but for runs that have said nothing since ten minutes before the newest of the feed.
with newest as (
    select feed, run_id, arg_max(lag, measured_at) as lag, arg_max(seconds_behind, measured_at) as seconds_behind,
        max(measured_at) as measured_at
    from streams
    group by feed, run_id
),

recent as (
    select *, max(measured_at) over (partition by feed) as last_at
    from newest
)

select feed, sum(lag) as lag, coalesce(max(seconds_behind), 0) as seconds_behind, epoch(any_value(last_at)) as measured_at
from recent
where measured_at > last_at - interval 10 minutes
group by feed
order by feed
