-- What is measured: an environment and a time, which begins with its history where that is younger; nothing without one.
with begun as (

    select min(began_at) as began_at
    from (
        select min(tried_at) as began_at
        from ops.releases
        where environment = $environment
        union all
        select min(started_at)
        from ops.runs
        where environment = $environment
    )

)

select
    $environment::varchar as environment,
    greatest($since::timestamp, began_at) as from_at,
    $now::timestamp as to_at,
    seconds_between(from_at, to_at) / (7 * 86400) as weeks
from begun
where began_at < $now::timestamp
