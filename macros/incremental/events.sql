{% macro get_incremental_replace_events_sql(arguments) -%}
    {#-
        incremental_strategy of int_events__judged: copies that were judged before and are judged again leave the table first.
        Such a row has been delivered again since, which tells it from a new one; their times bound the search.
    -#}
    {%- set target, new_rows = arguments['target_relation'], arguments['temp_relation'] -%}
    {%- set again = 'select * from ' ~ new_rows ~ ' where last_delivered_at > loaded_at' -%}
    {%- set span = run_query(
        'select cast(min(occurred_at) as varchar), cast(max(occurred_at) as varchar) from (' ~ again ~ ') as again'
    ).rows[0] -%}
    {%- if span[0] %}
    delete from {{ target }}
    where
        occurred_at between timestamp '{{ span[0] }}' and timestamp '{{ span[1] }}'
        and event_id in (select again.event_id from ({{ again }}) as again);
    {%- endif %}
    {{ get_insert_into_sql(target, new_rows, arguments['dest_columns']) }}
{%- endmacro %}
