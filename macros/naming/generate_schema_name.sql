{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- One file is one environment, so a schema needs no prefix: staging, core, finance ... mean the same in all of them. -#}
    {{- sluice._schema_name(custom_schema_name, target.schema, node.resource_type, node.name) -}}
{%- endmacro %}


{% macro _schema_name(custom_schema_name, default_schema, resource_type, node_name) -%}
    {#-
        The schema that generate_schema_name gives, from plain values so that it can be tested: the one of the folder in
        dbt_project.yml, else the default one (tests and hooks have none). A model or seed without a schema stops the
        build.
    -#}
    {%- if custom_schema_name is none and resource_type in ['model', 'seed'] -%}
        {{ exceptions.raise_compiler_error(
            resource_type ~ ' ' ~ node_name ~ ' has no schema: put it in a folder that dbt_project.yml gives a +schema'
        ) }}
    {%- endif -%}
    {{ default_schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
