with

source as (
    select * from {{ source('history', 'incidents') }}
),

renamed as (
    select
        event_id,
        incident_id,
        run_id,
        environment,
        release_id,

        event,
        node,
        family,
        title,
        severity,
        owner,
        array_to_string(touches, ', ') as touches,
        next_step,
        link,
        by_actor,
        why,

        len(findings) as finding_count,

        since_at,
        happened_at
    from source
)

select * from renamed
