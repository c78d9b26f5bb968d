with

scores as (
    select * from {{ ref('int_scores__counted') }}
),

final as (
    select
        payment_id || '|' || model_name || '|' || model_version || '|' || model_role as score_id,
        payment_id,
        model_name,
        model_version,
        model_role,
        release_id,
        origin,
        paid_at,
        produced_at,
        scored_at,
        score,
        threshold,
        is_alert,
        array_to_string([reason.words for reason in reasons], '; ') as reasons
    from scores
)

select * from final
