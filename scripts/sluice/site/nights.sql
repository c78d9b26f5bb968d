-- One row per run of an environment from its data to its readers: `sluice run`, or the commands that a scheduler gave one run id.
--
-- In: the tables `runs` and `steps` of the history, and $environment. A build or an audit by hand is not one of them: it was not
-- meant to publish.
with commands as (

    select *
    from runs
    where command in ('run', 'ingest', 'build', 'audit', 'publish') and coalesce(environment, $environment) = $environment

),

whole as (

    select
        run_id,
        min(started_at) as started_at,
        max(started_at + to_milliseconds(1000 * seconds)) as ended_at,
        coalesce(arg_min(outcome, started_at) filter (where outcome <> 'done'), 'done') as outcome,
        arg_min(detail, started_at) filter (where outcome <> 'done') as detail,
        arg_max(release_id, started_at) as release_id,
        arg_max(actor, started_at) as actor
    from commands
    group by run_id
    having bool_or(command = 'run') or (bool_or(command = 'build') and bool_or(command in ('audit', 'publish')))

),

stopped as (

    select
        run_id,
        arg_min(step, started_at) as stopped_step,
        arg_min(detail, started_at) as stopped_detail
    from steps
    where outcome <> 'done' and coalesce(environment, $environment) = $environment
    group by run_id

)

select
    run_id,
    started_at,
    ended_at,
    epoch(ended_at - started_at) as seconds,
    outcome,
    coalesce(detail, stopped_detail) as detail,
    stopped_step,
    release_id,
    actor
from whole
left join stopped using (run_id)
