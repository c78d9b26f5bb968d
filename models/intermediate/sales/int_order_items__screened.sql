{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='order_item_id',
    post_hook="{{ mark_decisions_seen(this) }}"
) }}

with

{{ tried_versions('order_items', 'order_item_id', {'left_order_id': 'cast(null as varchar)'}) }}

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
        {{ left_order_id('order_item_id') | indent(8) }} as left_order_id
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1 or refusal_reason is not null
