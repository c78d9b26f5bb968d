{% macro row_count(relation) -%}
    {#- How many rows a table has, asked when the model is built: a value, not SQL. 0 where there is no such table. -#}
    {%- if not execute or relation.is_cte or load_relation(relation) is none -%}
        {{ return(0) }}
    {%- endif -%}
    {{ return(run_query('select count(*) from ' ~ relation).rows[0][0]) }}
{%- endmacro %}
