{% macro source(source_name, table_name) -%}
    {#-
        dbt's source(), and, where SLUICE_PINS says at which version each Delta table of the lake is to be read, that version.
        SLUICE_PINS is a JSON object, {place of the table: version}; without it nothing changes, and the text of a model never
        does. Not read while dbt parses: a new version causes no new parse.

        SLUICE_LAKE is put between quotes in the YAML of the sources, so an apostrophe in it is doubled here.
    -#}
    {%- set relation = builtins.source(source_name, table_name) -%}
    {%- set lake = env_var('SLUICE_LAKE', 'lake') if execute else '' -%}
    {%- if "'" in lake and relation.external is string -%}
        {%- set relation = relation.replace(external=relation.external.replace(lake, lake.replace("'", "''"))) -%}
    {%- endif -%}
    {%- set pins = env_var('SLUICE_PINS', '') if execute else '' -%}
    {#- In a unit test a source is a CTE of given rows. -#}
    {%- if pins == '' or relation.is_cte -%}
        {{ return(relation) }}
    {%- endif -%}
    {{ return(relation.replace(external=sluice._pinned(source_name ~ '.' ~ table_name, relation.external, fromjson(pins)))) }}
{%- endmacro %}


{% macro _pinned(source, location, pins) -%}
    {#- delta_scan('<place>') at the version of that place; anything else stops dbt: what is not pinned can't be built again. -#}
    {%- set match = modules.re.fullmatch("delta_scan\\('((?:[^']|'')*)'\\)", location or '') -%}
    {%- set place = match.group(1).replace("''", "'") if match else none -%}
    {%- if place not in pins -%}
        {{ exceptions.raise_compiler_error(
            'the source ' ~ source ~ ' reads ' ~ (location or 'a table of the warehouse')
            ~ ', which is not a Delta table of the lake: a candidate reads nothing else'
        ) }}
    {%- endif -%}
    {{ return("delta_scan('" ~ match.group(1) ~ "', version => " ~ (pins[place] | int) ~ ")") }}
{%- endmacro %}
