with

attempts as (
    select * from {{ ref('fct_release_attempts') }}
),

moves as (
    select
        *,
        lead(tried_at) over moves_of_environment as next_tried_at,
        lead(action) over moves_of_environment as next_action
    from attempts
    where has_moved_environment and environment is not null
    window moves_of_environment as (partition by environment order by tried_at, event_id)
),

final as (
    select
        environment,
        tried_at as valid_from,
        next_tried_at as valid_to,
        event_id,
        release_id,
        action,
        actor,
        why,
        next_tried_at is null as is_current,
        coalesce(next_action = 'rollback', false) as is_rolled_back
    from moves
)

select * from final
