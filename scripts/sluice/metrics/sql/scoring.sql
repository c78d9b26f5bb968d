-- What `sluice score` does with each model: how far behind and how fast by its last minute, shares of the last hour, alerts of a day.
with timed as (
    select *, max(measured_at) over (partition by environment, model) as last_at
    from scoring
)

select
    environment,
    model,
    arg_max(lag, measured_at) as lag,
    arg_max(latency_p50, measured_at) as latency_p50,
    arg_max(latency_p99, measured_at) as latency_p99,
    sum(scored) filter (measured_at > last_at - interval 1 hour)
    / nullif(sum(asked) filter (measured_at > last_at - interval 1 hour), 0) as scored_share,
    sum(drift * scored) filter (measured_at > last_at - interval 1 hour)
    / nullif(sum(scored) filter (measured_at > last_at - interval 1 hour and drift is not null), 0) as drift,
    sum(alerts) filter (measured_at > last_at - interval 24 hours) as alerts_a_day,
    epoch(max(measured_at)) as measured_at
from timed
group by environment, model
order by environment, model
