with

source as (
    select * from {{ source('risk', 'scores') }}
),

renamed as (
    select
        'risk' as source_system,
        source.payment_id,
        source.model as model_name,
        source.model_version,
        source.role as model_role,
        source.release_id,
        source.origin,
        source.topic,
        source.topic_partition,
        source.topic_offset,
        source.score,
        source.threshold,
        source.is_alert,
        source.reasons,
        source.paid_at,
        source.produced_at,
        source.scored_at,
        source._loaded_at as loaded_at,
        source._file as source_file,
        source._position as source_position,
        source._batch_id as batch_id
    from source
)

select * from renamed
