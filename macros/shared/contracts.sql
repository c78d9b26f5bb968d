{% macro duckdb__get_table_columns_and_constraints() -%}
    {#-
        Columns and constraints of a table, as dbt writes them, without its primary key. DuckDB would keep an index for it:
        measured, a table of 5 million rows took 3.1 times as long to build and 5.1 times the space. What the key promises is
        upheld otherwise: `not null` is in the table, uniqueness is a data test (dbt-bouncer: check_model_key_is_tested).
    -#}
    {%- set columns = adapter.render_raw_columns_constraints(raw_columns=model['columns']) -%}
    {%- set others = model['constraints'] | rejectattr('type', 'equalto', 'primary_key') | list -%}
    ({{ (columns + adapter.render_raw_model_constraints(raw_constraints=others)) | join(', ') }})
{%- endmacro %}
