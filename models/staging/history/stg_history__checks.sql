with

source as (
    select * from {{ source('history', 'checks') }}
),

renamed as (
    select
        run_id as invocation_id,
        concat_ws('.', model, column_name, check_name) as check_id,

        warehouse,
        kind,
        model,
        column_name,
        check_name,
        severity,
        status,
        observed,
        expected,

        failures as failure_count,
        seconds as duration_seconds,

        checked_at
    from source
)

select * from renamed
