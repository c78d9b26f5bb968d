with

nodes as (
    select * from {{ ref('stg_history__nodes') }}
),

-- A node that was skipped took no time that others could be compared with.
timed as (
    select
        *,
        case when status <> 'skipped' then duration_seconds end as built_seconds
    from nodes
),

compared as (
    select
        invocation_id,
        node_id,
        run_id,
        environment,
        release_id,
        kind,
        node_name,
        relation,
        status,
        failure_count,
        duration_seconds,
        -- Of the 20 times before it; null where it was built fewer than five times.
        case
            when count(built_seconds) over before_it >= 5 then median(built_seconds) over before_it
        end as usual_duration_seconds,
        started_at
    from timed
    window before_it as (
        partition by environment, node_id
        order by started_at nulls first, invocation_id rows between 20 preceding and 1 preceding
    )
)

select * from compared
