with

source as (
    select * from {{ source('history', 'releases') }}
),

renamed as (
    select
        event_id,
        environment,
        release_id,
        from_release_id,

        action,
        outcome,
        detail,
        actor,
        why,

        seconds as duration_seconds,

        tried_at
    from source
)

select * from renamed
