{{ config(materialized='incremental', incremental_strategy='replace_events') }}

{%- set columns = dict(var('common_columns')['events'], **var('lineage_columns')) | join(', ') %}

with

delivered as (
    select * from {{ ref('int_events__delivered') }}
    {% if is_incremental() %}
        where {{ newer_than(newest_loaded(this)) }}
    {% endif %}
),

-- A late copy decides too: an event that is delivered again is judged again, with all its copies.
copies as (
    select {{ columns }} from delivered
    {% if is_incremental() %}
        union all
        select {{ columns }} from {{ this }}
        where event_id in (select delivered.event_id from delivered)
    {% endif %}
),

screened as (
    select
        *,
        {{ first_broken_rule('events', 'row') }} as broken_rule
    from copies
),

-- Nearly all events come once: only the others have to be put in order.
repeated as (
    select event_id
    from screened
    group by event_id
    having count(*) > 1
),

ranked as (
    select
        *,
        max(loaded_at) over (partition by event_id) as last_delivered_at,
        row_number() over (
            partition by event_id, broken_rule
            order by
                occurred_at, {{ version_hash(var('common_columns')['events']) | indent(16) }},
                -- equal to the letter: only the lineage differs
                loaded_at, source_file, source_position
        ) as copy_number
    from screened
    where event_id in (select repeated.event_id from repeated)
),

judged as (
    select
        {{ columns }},
        last_delivered_at,
        case when broken_rule is null and copy_number > 1 then 'duplicate' else broken_rule end as refusal_reason
    from ranked
    union all
    select
        {{ columns }},
        loaded_at as last_delivered_at,
        broken_rule as refusal_reason
    from screened
    where event_id not in (select repeated.event_id from repeated)
)

-- In order of time, so that a look at one day reads one day.
select * from judged
order by occurred_at
