-- One row per silence, as it is now.
with events as (

    from $silences

),

newest as (

    select
        silence_id,
        environment,
        node,
        check_name,
        owner,
        until_at,
        by_actor,
        why,
        min(happened_at) over (partition by silence_id) as added_at,
        event = 'ended' as is_ended,
        happened_at as changed_at
    from events
    qualify row_number() over (partition by silence_id order by happened_at desc, event desc) = 1

)

select * from newest
