with

batches as (
    select * from {{ ref('stg_ops__batches') }}
),

-- A lake may hold feeds that this deployment does not build from. Lookups and extras become rows of no mart, so there
-- is nothing to reconcile them with.
taken as (
    select * from batches
    where
        source_system in ({{ literals(source_names()) }})
        and feed not in ({{ literals(side_tables()) }})
)

select * from taken
