-- Signals of control charts in the newest audit of each environment: 0 where it found none.
with audits as (
    select environment, max_by(run_id, started_at) as run_id
    from steps
    where step = 'audit' and environment in (select name from environments)
    group by environment
),

counted as (
    select
        audits.environment,
        signals.severity,
        count(*) as signals,
        count(*) filter (where signals.blocks) as blocking
    from signals
    inner join audits using (run_id)
    group by all
),

severities as (select unnest(['warn', 'error']) as severity)

select
    environment,
    severity,
    coalesce(signals, 0) as signals,
    coalesce(blocking, 0) as blocking
from audits
cross join severities
left join counted using (environment, severity)
order by all
