{% macro version_hash(columns) -%}
    {#- Fingerprint of a row's content: breaks ties between versions in a way that no order of delivery can change. -#}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as varchar), '~') || '|' {{- ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
