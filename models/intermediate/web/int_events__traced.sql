{{ config(materialized='incremental', incremental_strategy='replace_slices') }}

-- int_events__judged keeps every copy, so it says itself what became of each; how many there are, the raw table says.
with

quarantined as (
    select * from {{ ref('int_quarantine__united') }}
    where entity = 'events'
),

{% for rows, relation in [('events', 'int_events__judged'), ('delivered', 'int_events__delivered')] %}
    {{ rows }} as (
        select {{ rows }}.*
        from {{ ref(relation) }} as {{ rows }}
        {{ touched_slices('events', rows) | indent(8) }}
    ),

{% endfor %}
traced as (
    select
        events.source_system,
        events.batch_id,
        events.source_file,
        {{ slice_number('events') }} as slice_number,
        case
            when events.refusal_reason is null then 'accepted'
            when events.refusal_reason = 'duplicate' then 'duplicate'
            when quarantined.status = 'open' then 'quarantined'
            when quarantined.status = 'corrected' then 'older_version'
            else quarantined.status
        end as fate
    from events
    left join quarantined
        on
            events.batch_id = quarantined.batch_id
            and events.source_file = quarantined.source_file
            and events.source_position = quarantined.source_position
            and events.refusal_reason is not null
    union all
    select
        delivered.source_system,
        delivered.batch_id,
        delivered.source_file,
        {{ slice_number('delivered') }} as slice_number,
        'landed' as fate
    from delivered
),

counted as (
    select
        'events' as entity,
        source_system,
        batch_id,
        source_file,
        slice_number,
        fate,
        count(*) as row_count
    from traced
    group by source_system, batch_id, source_file, slice_number, fate
)

select * from counted
