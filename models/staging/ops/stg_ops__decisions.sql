with

source as (
    select * from {{ source('ops', 'decisions') }}
),

renamed as (
    select
        'ops' as source_system,
        decision_id,
        quarantine_id,
        row_key,
        correction_batch_id,

        decision,
        place,
        feed,
        entity,
        rule,
        decided_by,
        why,

        decided_at,
        until_at,

        source_file,
        source_position,
        batch_id
    from source
)

select * from renamed
