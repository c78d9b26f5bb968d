{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='payment_id') }}

-- A payment never changes; should one id come twice with different content, the one made earlier counts.
with

currencies as (
    select * from {{ ref('currencies') }}
),

decisions as (
    select * from {{ ref('int_decisions__latest') }}
    where entity = 'payments'
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
        {{ version_hash(var('common_columns')['payments']) | indent(8) }} as version_hash
    from {{ ref('int_payments__delivered') }}
    {% if is_incremental() %}
        where
            {{ newer_than(newest_loaded(this)) }}
            or {{ 'payment_id in (select row_key from reopened)' if has_new_decisions('payments') else 'false' }}
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
        select * exclude (refusal_reason) from {{ this }}
        where
            payment_id in (select decided.payment_id from decided)
            and payment_id not in (select reopened.row_key from reopened)
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
        coalesce(set_aside_rule, {{ first_broken_rule('payments', 'row') | indent(8) }}) as refusal_reason
    from with_references
),

-- A broken version is kept as a refusal, and never replaces a good one. Of equal versions the first delivered stays.
ranked as (
    select
        * exclude (left_order_id),
        -- Where a newer version moves the row to another order, the order that it leaves is worked out again, too.
        coalesce(left_order_id, lead(order_id) over counting_first) as left_order_id,
        row_number() over counting_first as version_rank,
        -- false for the same version once more
        coalesce(version_hash <> lag(version_hash) over counting_first, true) as is_another_version
    from tried
    window counting_first as (
        partition by payment_id, refusal_reason is null
        order by created_at asc, version_hash asc, loaded_at asc, source_file asc, source_position asc
    )
),

compared as (
    select
        * exclude (refusal_reason),
        coalesce(refusal_reason, {{ first_broken_rule('payments', 'history') | indent(8) }}) as refusal_reason
    from ranked
)

select * exclude (version_rank, is_another_version)
from compared
where version_rank = 1 or refusal_reason is not null
