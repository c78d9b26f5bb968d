-- The checks of each environment. A release's checks are kept under its id, those of an environment that is a file under the
-- name of its file. The other queries read this as the table `recorded`.
with warehouses as (
    select distinct release_id as warehouse, environment
    from releases
    where action = 'build' and environment in (select name from environments) and release_id is not null
    union
    select name || '.duckdb', name from environments
)

select environment, warehouse, kind, run_id, status, checked_at
from checks
inner join warehouses using (warehouse)
