with

batches as (
    select * from {{ ref('stg_ops__batches') }}
),

-- A lake may hold feeds that this deployment does not build from.
taken as (
    select * from batches
    where source_system in ({{ literals(source_names()) }})
)

select * from taken
