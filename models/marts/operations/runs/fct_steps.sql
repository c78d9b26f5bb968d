with

steps as (
    select * from {{ ref('stg_history__steps') }}
),

numbered as (
    select
        run_id,
        invocation_id,
        environment,
        release_id,
        step,
        outcome,
        detail,
        cast(row_number() over (partition by run_id order by started_at, step) as bigint) as step_number,
        exit_code,
        duration_seconds,
        outcome <> 'done' as has_stopped_run,
        started_at
    from steps
)

select * from numbered
