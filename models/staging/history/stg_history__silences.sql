with

source as (
    select * from {{ source('history', 'silences') }}
),

renamed as (
    select
        silence_id,

        event,
        environment,
        node,
        check_name,
        owner,
        by_actor,
        why,

        until_at,
        happened_at
    from source
)

select * from renamed
