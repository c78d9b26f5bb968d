{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_item_id') }}

with

decisions as (
    select * from {{ ref('int_decisions__latest') }}
    where entity = 'order_items'
),

{% if is_incremental() %}
    reopened as (
        select row_key from decisions
        where row_key is not null and {{ newer_than(last_build('int_decisions__latest'), 'decided_at') }}
    ),
{% endif %}

-- What came since. A row that somebody decided on came long ago: all versions of its key are read from the lake again.
delivered as (
    select
        *,
        {{ version_hash(var('common_columns')['order_items']) | indent(8) }} as version_hash
    from {{ ref('int_order_items__delivered') }}
    {% if is_incremental() %}
        where
            {{ newer_than(newest_loaded(this)) }}
            or {{ 'order_item_id in (select row_key from reopened)' if has_new_decisions('order_items') else 'false' }}
    {% endif %}
),

decided as (
    select
        delivered.*,
        decisions.waived_rules,
        decisions.set_aside_rule,
        cast(null as varchar) as left_order_id
    from delivered
    left join decisions
        on
            delivered.batch_id = decisions.batch_id
            and delivered.source_file = decisions.source_file
            and delivered.source_position = decisions.source_position
),

-- Choosing the newest is associative: the history behind the kept rows need not be read again.
together as (
    select * from decided
    {% if is_incremental() %}
        union all by name
        select * exclude (refusal_reason, copy_number) from {{ this }}
        where
            order_item_id in (select decided.order_item_id from decided)
            and order_item_id not in (select reopened.row_key from reopened)
    {% endif %}
),

tried as (
    select
        *,
        coalesce(set_aside_rule, {{ first_broken_rule('order_items', 'row') | indent(8) }}) as refusal_reason
    from together
),

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
        -- Where a newer version moves the row to another order, the order that it leaves is worked out again, too.
        coalesce(
            left_order_id,
            lead(order_id) over (
                partition by order_item_id, refusal_reason is null
                order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
            )
        ) as left_order_id
    from tried
)

select * exclude (version_rank)
from ranked
where version_rank = 1 or refusal_reason is not null
