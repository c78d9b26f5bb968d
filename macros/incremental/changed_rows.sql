{#-
    What a data test of a large table looks at. Tests with a word of this file in their `where` look, in an incremental
    `dbt build`, only at rows that changed since the last whole build: a key that nothing happened to cannot have become
    double. `dbt test`, `--full-refresh` and SLUICE_CHECK=whole look at every row.
        __revised_orders__   rows of the orders in int_orders__revised
        __changed_events__   rows with an event that came since
        __changed_sessions__ rows of sessions that such an event is in
-#}

{% macro duckdb__get_where_subquery(relation) -%}
    {#- Overrides dbt's: the relation as a test reads it, with the words above replaced by conditions. -#}
    {%- set where = config.get('where') or '' -%}
    {%- if where == '' -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set conditions = sluice.changed_rows() -%}
    {%- set where = where
        | replace('__revised_orders__', conditions.revised_orders)
        | replace('__changed_events__', conditions.changed_events)
        | replace('__changed_sessions__', conditions.changed_sessions) -%}
    {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') as changed_rows') }}
{%- endmacro %}


{% macro changed_rows() -%}
    {#- Conditions on rows, by word; `true` where all rows are to be looked at. Singular tests take theirs from here. -#}
    {%- set found = {'revised_orders': 'true', 'changed_events': 'true', 'changed_sessions': 'true', 'changed_visitors': 'true'} -%}
    {%- set is_whole = not execute or flags.WHICH != 'build' or env_var('SLUICE_CHECK', '') == 'whole' -%}
    {%- if not is_whole and sluice.last_build('int_orders__revised') -%}
        {%- set changed = sluice.newer_than(sluice.last_build('int_events__judged'), 'last_delivered_at') -%}
        {%- for node in graph.nodes.values() if node.name == 'int_orders__revised' -%}
            {%- do found.update(revised_orders='order_id in (select revised.order_id from ' ~ node.relation_name ~ ' as revised)') -%}
        {%- endfor -%}
        {%- for node in graph.nodes.values() if node.name == 'int_sessions__built' -%}
            {%- set built = ' from ' ~ node.relation_name ~ ' as built where ' ~ changed ~ ')' -%}
            {%- do found.update({
                'changed_events': changed,
                'changed_sessions': 'session_id in (select built.session_id' ~ built,
                'changed_visitors': 'visitor_id in (select built.visitor_id' ~ built,
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}
