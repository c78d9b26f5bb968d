{#- What the staging folder of a source is written with. -#}

{% macro origin(relation='') -%}
    {#- The lineage columns (vars.yml): where a row of a raw table, by its name where there are several, came from. -#}
    {%- set of = relation ~ '.' if relation else '' -%}
    {{ of }}_loaded_at as loaded_at,
    {{ of }}_file as source_file,
    {{ of }}_position as source_position,
    {{ of }}_batch_id as batch_id
{%- endmacro %}


{% macro not_delivered(entity, columns) -%}
    {#- Common columns of an entity that the source does not have: null, in their type. -#}
    {%- for column in columns -%}
        {%- if column not in var('common_columns')[entity] -%}
            {{ exceptions.raise_compiler_error(
                entity ~ ' has no common column ' ~ column ~ '; it has: ' ~ var('common_columns')[entity] | join(', ')
            ) }}
        {%- endif -%}
        cast(null as {{ var('common_columns')[entity][column] }}) as {{ column }}
        {%- if not loop.last %},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro lookup(source_name, table_name) -%}
    {#-
        A lookup or an extra of a source (vars.yml: sources), for staging to join: of each key of its contract the version
        that was delivered last. A join in staging is made when a row is first built: a lookup that changes later reaches
        rows that were built before by `--full-refresh`, as an edited seed does.
    -#}
    {%- set relation = source(source_name, table_name) -%}
    {%- if not execute or relation.is_cte -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- for node in graph.sources.values() if node.source_name == source_name and node.name == table_name -%}
        {%- set key = node.config.meta.get('key') -%}
        {%- if not key -%}
            {{ exceptions.raise_compiler_error(
                'the lookup ' ~ source_name ~ '.' ~ table_name ~ ' has no key: name it in its contract, meta: key'
            ) }}
        {%- endif -%}
    (
        select * from {{ relation }}
        qualify row_number() over (
            partition by {{ key | join(', ') }} order by _loaded_at desc, _file desc, _position desc
        ) = 1
    )
    {%- endfor -%}
{%- endmacro %}
