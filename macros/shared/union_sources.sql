{% macro declared_sources() -%}
    {#-
        {source: {entities, lookup, extra}} of var('sources'). A bare word is a shop with the four entities below; a list is
        the entities. Everything else stops dbt: a misspelt key would leave out rows without a message.
    -#}
    {%- set shop = ['customers', 'products', 'orders', 'order_items'] -%}
    {%- set found = {} -%}
    {%- for source in var('sources') -%}
        {%- for name, supplies in (source if source is mapping else {source: shop}).items() -%}
            {%- set supplies = supplies if supplies is mapping else {'entities': supplies} -%}
            {%- for key in supplies if key not in ['entities', 'lookup', 'extra'] -%}
                {{ exceptions.raise_compiler_error(
                    'vars.yml: sources, ' ~ name ~ ': ' ~ key ~ ' is not known; it has: entities, lookup, extra'
                ) }}
            {%- endfor -%}
            {%- for entity in supplies.get('entities', shop) if entity not in var('common_columns') -%}
                {{ exceptions.raise_compiler_error(
                    'vars.yml: sources, ' ~ name ~ ': ' ~ entity ~ ' is not an entity; it is one of: '
                    ~ var('common_columns') | join(', ') ~ '. A table of another kind is a lookup or an extra'
                ) }}
            {%- endfor -%}
            {%- do found.update({name: {
                'entities': supplies.get('entities', shop),
                'lookup': supplies.get('lookup', []),
                'extra': supplies.get('extra', []),
            }}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro sources_of(entity) -%}
    {#- Sources that supply an entity. -#}
    {%- set found = [] -%}
    {%- for source, supplies in sluice.declared_sources().items() if entity in supplies.entities -%}
        {%- do found.append(source) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro union_sources(entity) -%}
    {#-
        The query of int_<entity>__delivered: all rows of an entity, source under source, cast to its common columns
        (vars.yml). An optional column that a staging model leaves out is null. No source at all gives no rows, not an error.
    -#}
    {%- if entity not in var('common_columns') -%}
        {{ exceptions.raise_compiler_error(
            'vars.yml: common_columns has no entity ' ~ entity ~ '; it has: ' ~ var('common_columns') | join(', ')
        ) }}
    {%- endif -%}
    {%- set columns = dict(var('common_columns')[entity], **var('lineage_columns')) -%}
    {%- set optional = var('optional_columns').get(entity, []) -%}
    {%- for source in sluice.sources_of(entity) %}
    select
        {%- for column, type in columns.items() %}
        {%- if type == 'integer' %}
        -- A part of a piece is not rounded to a whole one: a business rule refuses the row.
        case when {{ column }} = try_cast({{ column }} as integer) then try_cast({{ column }} as integer) end as {{ column }}
        {%- else %}
        cast({{ column }} as {{ type }}) as {{ column }}
        {%- endif %}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if optional %}
    from (
        select * from {{ ref('stg_' ~ source ~ '__' ~ entity) }}
        union all by name
        select {% for column in optional %}cast(null as {{ columns[column] }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %} where false
    ) as staged
    {%- else %}
    from {{ ref('stg_' ~ source ~ '__' ~ entity) }}
    {%- endif %}
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
    {{ return(sluice.declared_sources().keys() | list) }}
{%- endmacro %}


{% macro side_tables() -%}
    {#- Raw tables, as <source>.<table>, that supply no entity: the lookups and extras of var('sources'). -#}
    {%- set found = [] -%}
    {%- for source, supplies in sluice.declared_sources().items() -%}
        {%- for table in supplies.lookup + supplies.extra -%}
            {%- do found.append(source ~ '.' ~ table) -%}
        {%- endfor -%}
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
