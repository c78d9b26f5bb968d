{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

with

delivered as (
    {{ union_sources('orders', unseen_in=this) }}
),

currencies as (
    select * from {{ ref('currencies') }}
),

with_references as (
    select
        delivered.*,
        currencies.currency_code is not null as is_currency_known
    from delivered
    left join currencies on delivered.currency_code = currencies.currency_code
),

tried as (
    select
        *,
        {{ version_hash(content_columns('orders')) }} as version_hash,
        {{ first_broken_rule('orders', 'row') }} as refusal_reason
    from with_references
),

{{ with_kept_rows('orders', 'order_id') }}

-- A broken version is kept as a refusal, and never replaces a good one. Of equal versions the first delivered stays.
ranked as (
    select
        *,
        row_number() over (
            partition by order_id, refusal_reason is null
            order by updated_at desc, version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as version_rank
    from together
)

select * exclude (version_rank)
from ranked
where version_rank = 1 or refusal_reason is not null
