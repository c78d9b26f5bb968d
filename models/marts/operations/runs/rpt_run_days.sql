with

runs as (
    select * from {{ ref('fct_runs') }}
),

-- A run for no environment, such as an ingest alone, says nothing about one.
by_day as (
    select
        cast(started_at as date) as day_on,
        environment,
        count(*) as run_count,
        count(*) filter (where outcome = 'done') as done_run_count,
        count(*) filter (where outcome = 'failed') as failed_run_count,
        count(*) filter (where outcome = 'refused') as refused_run_count,
        arg_max(outcome, started_at) as last_outcome,
        arg_max(stopped_step, started_at) as last_stopped_step,
        cast(median(duration_seconds) as double) as median_duration_seconds,
        max(duration_seconds) as longest_duration_seconds
    from runs
    where environment is not null
    group by 1, 2
)

select * from by_day
