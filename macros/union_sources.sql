{#- Sources that supply an entity. A bare word in var('sources') is a shop: customers, products, orders, order_items. -#}
{% macro sources_of(entity, sources=none) -%}
    {%- set shop = ['customers', 'products', 'orders', 'order_items'] -%}
    {%- set found = [] -%}
    {%- for source in (var('sources') if sources is none else sources) -%}
        {%- if source is mapping -%}
            {%- for name, entities in source.items() if entity in entities -%}
                {%- do found.append(name) -%}
            {%- endfor -%}
        {%- elif entity in shop -%}
            {%- do found.append(source) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#-
    All rows of an entity, source under source, cast to the common columns.
    unseen_in: an incremental table that keeps loaded_at; then only rows that were loaded after its newest, per source.
    reopened: a condition; the rows that it holds for come as well, however old they are.
    sources: these only, in place of all that supply the entity.
    No source at all gives no rows, not an error.
-#}
{% macro union_sources(entity, unseen_in=none, reopened=none, sources=none) -%}
    {%- set columns = sluice.common_columns(entity) -%}
    {%- set seen = sluice.watermarks(unseen_in) if unseen_in is not none and sluice.is_adding() else {} -%}
    {%- for source in (sluice.sources_of(entity) if sources is none else sources) %}
    select
        {%- for column in columns %}
        cast({{ column.name }} as {{ column.type }}) as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_' ~ source ~ '__' ~ entity) }}
    {%- if source in seen %}
    where loaded_at > cast('{{ seen[source] }}' as timestamp) {{- ' or ' ~ reopened if reopened is not none }}
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {%- for column in columns %}
        cast(null as {{ column.type }}) as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}


{#- Names of the sources in var('sources'), whatever they supply. -#}
{% macro source_names() -%}
    {%- set found = [] -%}
    {%- for source in var('sources') -%}
        {%- if source is mapping -%}
            {%- do found.extend(source.keys()) -%}
        {%- else -%}
            {%- do found.append(source) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- Names as literals for `in (...)`, one a line; never empty. -#}
{% macro literals(names) %}
        ''
        {%- for name in names %},
        '{{ name }}'
        {%- endfor %}
{% endmacro %}
