-- The last time that each step was taken in each environment.
select
    coalesce(environment, '') as environment,
    step,
    epoch(max(started_at)) as started_at,
    max_by(seconds, (started_at, run_id)) as seconds,
    max_by(outcome = 'done', (started_at, run_id))::integer as is_done
from steps
where environment is null or environment in (select name from environments)
group by all
order by all
