with

source as (
    select * from {{ source('history', 'runs') }}
),

renamed as (
    select
        run_id,
        environment,
        release_id,
        code_commit,

        command,
        outcome,
        detail,
        actor,
        sluice_version,

        seconds as duration_seconds,
        exit_code,
        is_dirty as has_uncommitted_changes,

        started_at
    from source
)

select * from renamed
