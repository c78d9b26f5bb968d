with

scores as (
    select * from {{ ref('stg_risk__scores') }}
),

-- A payment may be scored again, after a kill or in a batch: what was said first, in time to act, counts.
counted as (
    select *
    from scores
    qualify row_number() over (
        partition by payment_id, model_name, model_version, model_role
        order by scored_at asc, loaded_at asc, source_file asc, source_position asc
    ) = 1
)

select * from counted
