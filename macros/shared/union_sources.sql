{% macro sources_of(entity) -%}
    {#- Sources that supply an entity. A bare word in var('sources') is a shop: customers, products, orders, order_items. -#}
    {%- set shop = ['customers', 'products', 'orders', 'order_items'] -%}
    {%- set found = [] -%}
    {%- for source in var('sources') -%}
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


{% macro union_sources(entity) -%}
    {#-
        The query of int_<entity>__delivered: all rows of an entity, source under source, cast to its common columns
        (vars.yml). No source at all gives no rows, not an error.
    -#}
    {%- if entity not in var('common_columns') -%}
        {{ exceptions.raise_compiler_error(
            'vars.yml: common_columns has no entity ' ~ entity ~ '; it has: ' ~ var('common_columns') | join(', ')
        ) }}
    {%- endif -%}
    {%- set columns = dict(var('common_columns')[entity], **var('lineage_columns')) -%}
    {%- for source in sluice.sources_of(entity) %}
    select
        {%- for column, type in columns.items() %}
        cast({{ column }} as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_' ~ source ~ '__' ~ entity) }}
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        {%- for column, type in columns.items() %}
        cast(null as {{ type }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- endfor %}
{%- endmacro %}


{% macro source_names() -%}
    {#- Names of the sources in var('sources'), whatever they supply. -#}
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


{% macro literals(names) %}
    {#- Names as literals for `in (...)`, one a line; never empty. -#}
        ''
        {%- for name in names %},
        '{{ name }}'
        {%- endfor %}
{% endmacro %}
