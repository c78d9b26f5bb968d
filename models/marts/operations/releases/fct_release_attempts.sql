with

attempts as (
    select * from {{ ref('stg_history__releases') }}
),

final as (
    select
        event_id,
        environment,
        release_id,
        from_release_id,
        action,
        outcome,
        detail,
        actor,
        why,
        duration_seconds,
        action in ('publish', 'promote', 'rollback') and outcome = 'done' as has_moved_environment,
        tried_at
    from attempts
)

select * from final
