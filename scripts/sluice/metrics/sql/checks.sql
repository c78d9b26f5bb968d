-- How the checks of the newest build and audit of each environment ended.
with newest_warehouses as (
    select environment, max_by(warehouse, checked_at) as warehouse
    from recorded
    group by environment
),

newest_runs as (
    select environment, kind, max_by(run_id, checked_at) as run_id
    from recorded
    inner join newest_warehouses using (environment, warehouse)
    group by environment, kind
),

counted as (
    select environment, kind, status, count(*) as checks
    from recorded
    inner join newest_runs using (environment, kind, run_id)
    group by all
),

-- A status that no check has is 0, so that an alert on it ends.
statuses as (select unnest(['pass', 'warn', 'fail', 'error', 'skipped', 'not_run']) as status)

select environment, kind, status, coalesce(checks, 0) as checks
from newest_runs
cross join statuses
left join counted using (environment, kind, status)
order by all
