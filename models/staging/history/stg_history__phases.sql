with

source as (
    select * from {{ source('history', 'phases') }}
),

renamed as (
    select
        metric,
        reason,
        marked_by,

        since_at,
        marked_at
    from source
)

select * from renamed
