-- Left out: digest, by which ingest knows the file again.
with

source as (
    select * from {{ source('history', 'refusals') }}
),

renamed as (
    select
        run_id,

        feed,
        split_part(feed, '.', 1) as source_system,
        file as source_file,
        reason,

        refused_at
    from source
)

select * from renamed
