{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='dispute_id') }}

with

delivered as (
    {{ union_sources('disputes', unseen_in=this) }}
),

tried as (
    select
        *,
        {{ version_hash(content_columns('disputes')) }} as version_hash
    from delivered
),

{{ with_kept_rows('disputes', 'dispute_id', ['version_hash']) }}

ranked as (
    select
        *,
        row_number() over (
            partition by dispute_id
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as version_rank
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1
