-- The columns are those of DecisionEntry in scripts/sluice/history/kinds.py, which already have this project's names.
with

source as (
    select * from {{ source('ops', 'decisions') }}
),

renamed as (
    select
        'ops' as source_system,
        *
    from source
)

select * from renamed
