with

source as (
    select * from {{ source('ops', 'score_decisions') }}
),

renamed as (
    select
        'ops' as source_system,
        decision_id,
        row_key,
        model as model_name,
        decision,
        decided_by,
        why,
        decided_at
    from source
)

select * from renamed
