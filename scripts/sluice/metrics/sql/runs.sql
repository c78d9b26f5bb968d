-- The last run of each command in each environment. `environments` are those whose names do not grow in number.
with named as (
    select
        coalesce(environment, '') as environment,
        command,
        outcome = 'done' as is_done,
        outcome,
        epoch(started_at) as started_at,
        seconds,
        run_id
    from runs
    where environment is null or environment in (select name from environments)
)

select
    environment,
    command,
    max(started_at) as started_at,
    max_by(seconds, (started_at, run_id)) as seconds,
    max_by(is_done, (started_at, run_id))::integer as is_done,
    max(started_at + seconds) filter (where is_done) as done_at
from named
group by environment, command
order by environment, command
