-- A table, so that all readers of one build act on the same decisions, whatever is decided meanwhile.
{{ config(materialized='table') }}

with

decisions as (
    select * from {{ ref('stg_ops__decisions') }}
    where place = 'warehouse'
),

-- Dropped or corrected ends every waiver of the row before it; so does an expiry that names no rule.
ended as (
    select
        *,
        max(case when decision in ('dropped', 'corrected') or rule is null then decided_at end)
            over (partition by quarantine_id) as ended_at
    from decisions
),

newest_of_a_rule as (
    select * from ended
    qualify row_number() over (partition by quarantine_id, rule order by decided_at desc, decision_id desc) = 1
),

latest as (
    select
        quarantine_id,
        max(source_system) as source_system,
        max_by(entity, decided_at) as entity,
        max_by(row_key, decided_at) as row_key,
        max_by(batch_id, decided_at) as batch_id,
        max_by(source_file, decided_at) as source_file,
        max_by(source_position, decided_at) as source_position,
        max_by(decision, (decided_at, decision_id)) as decision,
        max(decided_at) as decided_at,
        -- between commas, so that one name can be found in the text; null where nothing is waived
        ',' || string_agg(rule, ',' order by rule) filter (
            where decision = 'waived' and (ended_at is null or decided_at > ended_at)
        ) || ',' as waived_rules,
        max_by(
            case when decision in ('dropped', 'corrected') then rule end, (decided_at, decision_id)
        ) as newest_set_aside_rule
    from newest_of_a_rule
    group by quarantine_id
),

final as (
    select
        * exclude (newest_set_aside_rule),
        case when decision in ('dropped', 'corrected') then newest_set_aside_rule end as set_aside_rule
    from latest
)

select * from final
