-- int_events__judged keeps every copy, so it says itself what became of each; how many there are, the raw table says.
with

quarantined as (
    select * from {{ ref('int_quarantine__united') }}
    where entity = 'events'
),

events as (
    select * from {{ ref('int_events__judged') }}
),

delivered as (
    select * from {{ ref('int_events__delivered') }}
),

traced as (
    select
        events.source_system,
        events.batch_id,
        case
            when events.refusal_reason is null then 'accepted'
            when events.refusal_reason = 'duplicate' then 'duplicate'
            when quarantined.status = 'open' then 'quarantined'
            when quarantined.status = 'corrected' then 'older_version'
            else quarantined.status
        end as fate,
        count(*) as row_count
    from events
    left join quarantined
        on
            events.batch_id = quarantined.batch_id
            and events.source_file = quarantined.source_file
            and events.source_position = quarantined.source_position
            and events.refusal_reason is not null
    group by events.source_system, events.batch_id, fate
),

landed as (
    select
        source_system,
        batch_id,
        'landed' as fate,
        count(*) as row_count
    from delivered
    group by source_system, batch_id
),

together as (
    select * from traced
    union all
    select * from landed
)

select * from together
