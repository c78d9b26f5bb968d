with

source as (
    select * from {{ source('history', 'steps') }}
),

renamed as (
    select
        run_id,
        invocation_id,
        environment,
        release_id,

        step,
        outcome,
        detail,

        seconds as duration_seconds,
        exit_code,

        started_at
    from source
)

select * from renamed
