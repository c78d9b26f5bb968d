-- Left out: least, greatest, mean, total, quantiles, frequent and parent_release_id: releases are compared in lake/ops.
with

source as (
    select * from {{ source('history', 'profiles') }}
),

renamed as (
    select
        run_id,
        environment,
        release_id,

        relation,
        column_name,
        data_type,

        row_count,
        bytes as size_bytes,
        null_count,
        distinct_count,

        newest_at,
        measured_at
    from source
)

select * from renamed
