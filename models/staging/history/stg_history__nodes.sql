with

source as (
    select * from {{ source('history', 'nodes') }}
),

renamed as (
    select
        run_id,
        invocation_id,
        environment,
        release_id,
        unique_id as node_id,

        kind,
        name as node_name,
        relation,
        status,

        seconds as duration_seconds,
        failures as failure_count,

        started_at
    from source
)

select * from renamed
