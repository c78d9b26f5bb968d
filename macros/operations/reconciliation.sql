{#-
    Where every delivered row is now, from two sides that do not know of each other: int_rows__traced asks each row of the
    raw tables what became of it, rpt_rows_in_marts counts what the marts show and from which batch that came. Nothing
    is what is left over of something else, so a row that a model loses is missing in the sum.
-#}

{% macro accounting_sources(entity) -%}
    {#- Sources whose rows the entity accounts for: not those that make it out of the rows of another entity. -#}
    {%- set found = [] -%}
    {%- for source, supplies in sluice.declared_sources().items() -%}
        {%- if entity in supplies.entities and entity not in var('derived_entities', {}).get(source, []) -%}
            {%- do found.append(source) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{% macro rows_in_mart(
    entity, key, accepted, mart, touched, accepted_where='true', same='true',
    amount='cast(0 as decimal(18, 4))', currency='cast(null as varchar)'
) -%}
    {#-
        How many rows of `accepted` are in a mart under their key, and with how much money there, by the slice that
        delivered them. `accepted` has the origin of each row, which marts do not keep; `touched` joins it with the slices
        to count (touched_slices).
    -#}
    {%- set sources = sluice.accounting_sources(entity) -%}
    select
        '{{ entity }}' as entity,
        accepted.source_system,
        accepted.batch_id,
        accepted.source_file,
        {{ sluice.slice_number('accepted') }} as slice_number,
        -- ISO 4217's own word for no currency, as a key is never null
        coalesce({{ currency }}, 'XXX') as currency_code,
        count(*) as row_count,
        cast(coalesce(sum({{ amount }}), 0) as decimal(18, 4)) as amount
    from {{ accepted }} as accepted
    {{ touched }}
    inner join {{ mart }} as mart on accepted.{{ key }} = mart.{{ key }} and {{ same }}
    where {{ accepted_where }} and accepted.source_system in ('' {%- for source in sources %}, '{{ source }}'{% endfor %})
    group by all
{%- endmacro %}


{% macro fates() -%}
    {#- What can become of a landed row that is not in the marts. -#}
    {{ return(['duplicate', 'older_version', 'quarantined', 'released_pending', 'dropped']) }}
{%- endmacro %}


{% macro sum_of_fates(what) -%}
    {#- The columns of all fates, `<fate>_rows` or `<fate>_amount`, added up. -#}
    (
        {%- for fate in sluice.fates() %}
        {{ '+ ' if not loop.first }}{{ fate }}_{{ what }}
        {%- endfor %}
    )
{%- endmacro %}
