-- Left out: body, the message itself.
with

source as (
    select * from {{ source('history', 'alerts') }}
),

renamed as (
    select
        alert_id,
        run_id,
        incident_id,

        event,
        channel,
        kind,
        action,
        detail,

        attempt as attempt_number,
        seconds as duration_seconds,

        due_at,
        happened_at
    from source
)

select * from renamed
