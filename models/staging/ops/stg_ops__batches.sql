-- Left out: files and new_columns, which say more about ingest than about rows; bytes_read and seconds, which are about
-- the run; reasons, whose sum is rows_quarantined.
with

source as (
    select * from {{ source('ops', 'batches') }}
),

renamed as (
    select
        batch_id,
        run_id,

        feed,
        split_part(feed, '.', 1) as source_system,

        rows_read,
        rows_landed,
        rows_quarantined,

        loaded_at
    from source
)

select * from renamed
