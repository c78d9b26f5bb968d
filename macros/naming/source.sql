{% macro source(source_name, table_name) -%}
    {#-
        dbt's source(), and, where SLUICE_PINS says at which version each Delta table of the lake is to be read, that version.
        SLUICE_PINS is a JSON object, {place of the table: version}; without it nothing changes, and the text of a model never
        does. Not read while dbt parses: a new version causes no new parse.
    -#}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {%- set pins = env_var('SLUICE_PINS', '') if execute else '' -%}
    {#- In a unit test a source is a CTE of given rows. -#}
    {%- if pins == '' or relation.is_cte -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(relation.replace(external=sluice._pinned(source_name ~ '.' ~ table_name, relation.external, fromjson(pins)))) }}
{%- endmacro %}


{% macro _pinned(source, location, pins) -%}
    {#- delta_scan('<place>') at the version of that place; anything else stops dbt: what is not pinned can't be built again. -#}
    {%- set match = modules.re.fullmatch("delta_scan\\('([^']*)'\\)", location or '') -%}
    {%- if match is none or match.group(1) not in pins -%}
        {{ exceptions.raise_compiler_error(
            'the source ' ~ source ~ ' reads ' ~ (location or 'a table of the warehouse')
            ~ ', which is not a Delta table of the lake: a candidate reads nothing else'
        ) }}
    {%- endif -%}
    {{ return("delta_scan('" ~ match.group(1) ~ "', version => " ~ (pins[match.group(1)] | int) ~ ")") }}
{%- endmacro %}
