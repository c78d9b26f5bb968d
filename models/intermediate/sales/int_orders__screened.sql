{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='order_id') }}

-- Two versions of an order matter: the believed one, which has come furthest on the way from placed to delivered, and
-- the newest. Where they differ, the status went backwards and the newest is refused. Each is the first in an order of
-- the versions, so every order of delivery ends with the same two. What lies between them is an older version.
with

currencies as (
    select * from {{ ref('currencies') }}
),

decisions as (
    select * from {{ ref('int_decisions__latest') }}
    where entity = 'orders'
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
        {{ status_rank('order_status') | indent(8) }} as status_rank,
        {{ version_hash(var('common_columns')['orders']) | indent(8) }} as version_hash
    from {{ ref('int_orders__delivered') }}
    {% if is_incremental() %}
        where
            {{ newer_than(newest_loaded(this)) }}
            or {{ 'order_id in (select row_key from reopened)' if has_new_decisions('orders') else 'false' }}
    {% endif %}
),

decided as (
    select
        delivered.*,
        decisions.waived_rules,
        decisions.set_aside_rule,
        case
            when delivered.status_rank is null or contains(decisions.waived_rules, ',status_backwards,')
                then delivered.updated_at
        end as taken_as_it_comes_at
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
        select * exclude (refusal_reason) from {{ this }}
        where
            order_id in (select decided.order_id from decided)
            and order_id not in (select reopened.row_key from reopened)
    {% endif %}
),

with_references as (
    select
        together.*,
        currencies.currency_code is not null as is_currency_known
    from together
    left join currencies on together.currency_code = currencies.currency_code
),

tried as (
    select
        * exclude (is_currency_known),
        coalesce(set_aside_rule, {{ first_broken_rule('orders', 'row') | indent(8) }}) as refusal_reason
    from with_references
),

-- A version that is taken as it comes is compared with what follows it, and not with what was before.
restarted as (
    select
        * exclude (taken_as_it_comes_at),
        max(taken_as_it_comes_at) over (partition by order_id, refusal_reason is null) as taken_as_it_comes_at
    from tried
),

-- A broken version is kept as a refusal, and never replaces a good one. Of equal versions the first delivered stays.
ranked as (
    select
        *,
        first_value(status_rank) over furthest_first as reached_status_rank,
        row_number() over furthest_first as version_rank,
        row_number() over (
            partition by order_id, refusal_reason is null
            order by
                updated_at desc, status_rank desc nulls last,
                version_hash asc, loaded_at asc, source_file asc, source_position asc
        ) as age_rank
    from restarted
    window furthest_first as (
        partition by order_id, refusal_reason is null
        order by
            coalesce(updated_at >= taken_as_it_comes_at, true) desc, status_rank desc nulls last, updated_at desc,
            version_hash asc, loaded_at asc, source_file asc, source_position asc
    )
),

compared as (
    select
        * exclude (refusal_reason, reached_status_rank),
        coalesce(refusal_reason, {{ first_broken_rule('orders', 'history') | indent(8) }}) as refusal_reason
    from ranked
    where version_rank = 1 or age_rank = 1 or refusal_reason is not null
)

select * exclude (version_rank, age_rank) from compared
