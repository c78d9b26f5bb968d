{{ config(materialized='incremental', incremental_strategy='replace_events') }}

{%- set columns = dict(var('common_columns')['events'], **var('lineage_columns')) | join(', ') %}

-- Nearly all events come once: only the others have to be put in order. Each part reads the raw table for itself, as
-- DuckDB would write a CTE that two parts share to disk: all events in all their columns.
with

-- A late copy decides too: an event that is delivered again is judged again, with all its copies.
repeated as (
    select event_id
    from {{ ref('int_events__delivered') }}
    {% if is_incremental() %}
        where {{ newer_than(newest_loaded(this)) }}
    {% endif %}
    group by event_id
    having count(*) > 1
    {% if is_incremental() %}
        union
        select event_id from {{ this }}
        where
            event_id in (
                select delivered.event_id from {{ ref('int_events__delivered') }} as delivered
                where {{ newer_than(newest_loaded(this)) }}
            )
    {% endif %}
),

copies as (
    select {{ columns }} from {{ ref('int_events__delivered') }}
    where event_id in (select repeated.event_id from repeated)
    {% if is_incremental() %}
        and {{ newer_than(newest_loaded(this)) }}
        union all
        select {{ columns }} from {{ this }}
        where event_id in (select repeated.event_id from repeated)
    {% endif %}
),

tried as (
    select
        *,
        {{ first_broken_rule('events', 'row') }} as broken_rule
    from copies
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
    from tried
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
        {{ first_broken_rule('events', 'row') }} as refusal_reason
    from {{ ref('int_events__delivered') }}
    where event_id not in (select repeated.event_id from repeated)
    {% if is_incremental() %}
        and {{ newer_than(newest_loaded(this)) }}
    {% endif %}
)

-- In the order of the deliveries, which is nearly that of time: a look at one day reads a few days.
select * from judged
