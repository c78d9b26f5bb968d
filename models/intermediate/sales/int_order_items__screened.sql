{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_item_id') }}

with

delivered as (
    {{ union_sources('order_items', unseen_in=this) }}
),

tried as (
    select
        *,
        {{ version_hash(content_columns('order_items')) }} as version_hash,
        {{ first_broken_rule('order_items', 'row') }} as refusal_reason,
        cast(null as varchar) as left_order_id
    from delivered
),

{{ with_kept_rows('order_items', 'order_item_id', ['version_hash', 'refusal_reason', 'left_order_id']) }}

-- A broken version is kept as a refusal, and never replaces a good one. Of equal versions the first delivered file's
-- rows stay: all of them, because a line that stands twice in one file is an exact duplicate, while a line that comes
-- again in another file is only a delivery repeated.
ranked as (
    select
        * exclude (left_order_id),
        rank() over (
            partition by order_item_id, refusal_reason is null
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc
        ) as version_rank,
        row_number() over (
            partition by order_item_id, refusal_reason is null
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as copy_number,
        -- Where a new version moves a line to another order, the order it leaves has to be revised too.
        coalesce(
            left_order_id,
            lead(order_id) over (
                partition by order_item_id, refusal_reason is null
                order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
            )
        ) as left_order_id
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1 or refusal_reason is not null
