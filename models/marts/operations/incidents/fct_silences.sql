with

events as (
    select * from {{ ref('stg_history__silences') }}
),

final as (
    select
        silence_id,
        arg_min(environment, happened_at) as environment_pattern,
        arg_min(node, happened_at) as node_pattern,
        arg_min(check_name, happened_at) as check_pattern,
        arg_min(owner, happened_at) as owner_pattern,
        arg_min(by_actor, happened_at) filter (where event = 'added') as added_by,
        arg_min(why, happened_at) filter (where event = 'added') as why,
        arg_min(by_actor, happened_at) filter (where event = 'ended') as ended_by,
        arg_min(why, happened_at) filter (where event = 'ended') as ended_why,
        count(*) filter (where event = 'ended') > 0 as is_ended_early,
        min(happened_at) as added_at,
        max(until_at) as until_at,
        least(max(until_at), min(happened_at) filter (where event = 'ended')) as ends_at
    from events
    group by silence_id
)

select * from final
