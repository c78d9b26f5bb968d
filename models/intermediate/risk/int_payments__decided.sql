with

decisions as (
    select * from {{ ref('stg_ops__score_decisions') }}
),

-- Somebody may think again: the newest decision counts.
decided as (
    select
        row_key as payment_id,
        decision,
        decided_by,
        why,
        decided_at
    from decisions
    qualify row_number() over (partition by row_key order by decided_at desc, decision_id desc) = 1
)

select * from decided
