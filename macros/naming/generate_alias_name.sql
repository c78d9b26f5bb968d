{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {#-
        The first version of a model keeps the model's plain name, later ones end in _v2, _v3: a relation that readers know
        never changes its meaning, whichever version is the latest. The failing rows of a test are kept by the same rule.
    -#}
    {%- set tested = node.test_metadata.kwargs.model if node.test_metadata else '' -%}
    {%- set of_test = modules.re.search("version='([^']+)'", tested) -%}
    {{- sluice._alias_name(custom_alias_name, node.name, node.version or (of_test.group(1) if of_test else none)) -}}
{%- endmacro %}


{% macro _alias_name(custom_alias_name, name, version) -%}
    {#- The name of a relation by its configured alias, its model's name and version. -#}
    {%- if custom_alias_name -%}
        {{ custom_alias_name | trim }}
    {%- elif not version or version | string == '1' -%}
        {{ name }}
    {%- else -%}
        {{ name }}_v{{ version | string | replace('.', '_') }}
    {%- endif -%}
{%- endmacro %}
