with

events as (
    select * from {{ ref('int_events__judged') }}
),

refused as (
    select
        event_id,
        source_system,
        refusal_reason,
        case refusal_reason
            when 'duplicate' then 'Another copy of the event is kept: one that occurred earlier, or is the same.'
            else {{ rule_sentence('events') }}
        end as refusal_sentence,
        source_file,
        source_position,
        batch_id,
        loaded_at
    from events
    where refusal_reason is not null
)

select * from refused
