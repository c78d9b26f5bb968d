-- Left out: tags, by which alerts find their channel; bad_from_at, which sluice dataops reads in lake/ops.
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
        name as node_name,
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
