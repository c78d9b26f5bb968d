{#-
    How int_sessions__built takes in new events without reading the old ones: a new event can only touch a session that it
    falls into, or that starts or ends within the idle time of it. Those sessions, whole, and the new events are all that
    has to be cut again: everything else is further away than the idle time, so no session can grow into it.
-#}

{% macro idle_time() -%}
    {#- The pause that a session may hold, as an interval: var session_idle_minutes. -#}
    interval '{{ var('session_idle_minutes') }} minutes'
{%- endmacro %}


{% macro touched_sessions(sessions, events) -%}
    {#- SQL of the sessions in the table `sessions` that changed rows of the relation `events` touch. -#}
    {%- set changed = sluice.newer_than(sluice.newest_loaded(sessions, 'last_delivered_at'), 'last_delivered_at') -%}
    {%- set span = run_query(
        'select cast(min(occurred_at) as varchar), cast(max(occurred_at) as varchar) from ' ~ events
        ~ " where coalesce(refusal_reason, 'duplicate') = 'duplicate' and " ~ changed
    ).rows[0] if execute else [none, none] -%}
    select distinct
        sessions.session_id,
        sessions.visitor_id,
        sessions.started_at,
        sessions.ended_at
    from {{ sessions }} as sessions
    inner join (
        -- a copy that an earlier one has displaced counts as well: its session has lost it
        select visitor_id, occurred_at
        from {{ events }}
        where coalesce(refusal_reason, 'duplicate') = 'duplicate' and {{ changed }}
    ) as changed
        on sessions.visitor_id = changed.visitor_id
        and changed.occurred_at between sessions.started_at - {{ idle_time() }} and sessions.ended_at + {{ idle_time() }}
    {%- if span[0] %}
    where
        sessions.ended_at >= timestamp '{{ span[0] }}' - {{ idle_time() }}
        and sessions.started_at <= timestamp '{{ span[1] }}' + {{ idle_time() }}
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}


{% macro events_to_cut(sessions, events) -%}
    {#- SQL condition on accepted events: those that are new, and those of the sessions that they touch. -#}
    {%- set changed = sluice.newer_than(sluice.newest_loaded(sessions, 'last_delivered_at'), 'last_delivered_at') -%}
    {%- set touched = touched_sessions(sessions, events) -%}
    {%- set span = run_query(
        'select cast(min(moment) as varchar), cast(max(moment) as varchar) from (select unnest([started_at, ended_at]) as moment from ('
        ~ touched ~ ') union all select occurred_at from ' ~ events
        ~ " where coalesce(refusal_reason, 'duplicate') = 'duplicate' and " ~ changed ~ ')'
    ).rows[0] if execute else [none, none] -%}
    {%- if span[0] -%}
    occurred_at between timestamp '{{ span[0] }}' and timestamp '{{ span[1] }}'
    and (
        {{ changed }}
        or exists (
            select 1
            from ({{ touched }}) as touched
            where
                touched.visitor_id = events.visitor_id
                and events.occurred_at between touched.started_at and touched.ended_at
        )
    )
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}


{% macro get_incremental_replace_sessions_sql(arguments) -%}
    {#- The sessions that were cut again leave, also those that are now part of another; then come the new ones. -#}
    {%- set target = arguments['target_relation'] -%}
    delete from {{ target }}
    where session_id in (
        select touched.session_id
        from ({{ touched_sessions(target, ref('int_events__judged')) }}) as touched
    );
    {{ get_insert_into_sql(target, arguments['temp_relation'], arguments['dest_columns']) }}
{%- endmacro %}
