{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='product_id') }}

with

delivered as (
    {{ union_sources('products', unseen_in=this) }}
),

tried as (
    select
        *,
        {{ version_hash(content_columns('products')) }} as version_hash,
        loaded_at as first_loaded_at
    from delivered
),

{{ with_kept_rows('products', 'product_id', ['version_hash', 'first_loaded_at']) }}

-- first_loaded_at is when the product became known: lines that had to wait for that are judged again.
ranked as (
    select
        * exclude (first_loaded_at),
        min(first_loaded_at) over (partition by product_id) as first_loaded_at,
        row_number() over (
            partition by product_id
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as version_rank
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1
