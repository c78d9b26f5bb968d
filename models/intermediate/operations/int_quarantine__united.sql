{{ config(materialized='table') }}

-- What broke business rules, whatever it is: one shape for orders, payments, rates ... A copy of an event that another
-- copy displaces breaks no rule, so it is not here.
with

refused as (
    {{ all_refused_rows() }}
),

-- When what the row belongs to was refused: before that, this rule could not refuse it.
parents as (
    select
        entity,
        row_key,
        min(loaded_at) as refused_at
    from refused
    group by entity, row_key
),

batches as (
    select * from {{ ref('stg_ops__batches') }}
),

decisions as (
    select * from {{ ref('int_decisions__latest') }}
),

united as (
    select
        md5(concat_ws('|', refused.entity, refused.batch_id, refused.source_file, refused.source_position))
            as quarantine_id,
        coalesce(batches.feed, refused.source_system || '.' || refused.entity) as feed,
        -- The linter takes a name in `exclude` for a column without its table; DuckDB lets none be named there.
        refused.* exclude (parent_key), -- noqa: RF02
        -- No clock: a rebuild gives the same moment.
        greatest(refused.loaded_at, coalesce(parents.refused_at, refused.loaded_at)) as first_refused_at
    from refused
    left join parents
        on
            refused.parent_key = parents.row_key
            and (
                (refused.rule = 'refused_order' and parents.entity = 'orders')
                or (refused.rule = 'refused_payment' and parents.entity = 'payments')
            )
    left join batches on refused.batch_id = batches.batch_id
),

decided as (
    select
        united.*,
        case
            when decisions.decision in ('dropped', 'corrected') then decisions.decision
            -- waived after the models were built that refuse it
            when united.may_be_waived and contains(decisions.waived_rules, ',' || united.rule || ',')
                then 'released_pending'
            else 'open'
        end as status
    from united
    left join decisions on united.quarantine_id = decisions.quarantine_id
)

select * from decided
