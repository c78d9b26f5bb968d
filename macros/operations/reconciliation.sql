{#-
    Where every delivered row is now. Told from two sides that do not know of each other: int_rows__traced asks each row of
    the raw tables what became of it, rpt_rows_in_marts counts what the marts show and from which batch that came. Nothing
    is what is left over of something else, so a row that a model loses is missing in the sum.
-#}

{% macro accounting_sources(entity) -%}
    {#- Sources whose rows the entity accounts for: not those that make it out of the rows of another entity. -#}
    {%- set found = [] -%}
    {%- for source in sluice.sources_of(entity) if entity not in var('derived_entities', {}).get(source, []) -%}
        {%- do found.append(source) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#-
    What became of the delivered rows of an entity, added up by batch, currency and fate. held: the relation that keeps the
    version of each key that counts, with its origin and version_hash; `held_where` picks these rows. A row lost against
    that version if it is not newer (`newest_is`: or not older) by `time_column`: then it is a duplicate where the content
    is equal, else an older version. shown: what else must hold for the version that counts to be accepted. fate is null for a row that nothing explains.
-#}
{% macro traced_rows(
    entity, key, held, held_where='true', time_column='updated_at', newest_is='last',
    amount='cast(0 as decimal(18, 4))', currency='cast(null as varchar)', shown='true',
    same_key=none, same_content=none
) -%}
    {#- What became of the delivered rows of an entity, added up by batch, currency and fate. -#}
    {%- set has_history = newest_is == 'last' and entity in var('business_rules')
        and sluice.business_rules(entity) | selectattr('scope', 'equalto', 'history') | list -%}
    select
        '{{ entity }}' as entity,
        source_system,
        batch_id,
        currency_code,
        fate,
        count(*) as row_count,
        sum(amount) as amount
    from (
        select
            delivered.source_system,
            delivered.batch_id,
            {{ currency }} as currency_code,
            {{ amount }} as amount,
            case
                when quarantine.status = 'open' then 'quarantined'
                when quarantine.status = 'corrected' then 'older_version'
                when quarantine.status is not null then quarantine.status
                when
                    held.batch_id = delivered.batch_id
                    and held.source_file = delivered.source_file
                    and held.source_position = delivered.source_position
                    then case when {{ shown }} then 'accepted' else 'older_version' end
                {%- if same_content %}
                when {{ same_content }} then 'duplicate'
                {%- else %}
                when
                    held.{{ time_column }} = delivered.{{ time_column }}
                    and held.version_hash = {{ sluice.version_hash(sluice.qualified_content(entity, 'delivered')) | indent(20) }}
                    then 'duplicate'
                {%- endif %}
                when
                    delivered.{{ time_column }} is null
                    or delivered.{{ time_column }} {{ '>=' if newest_is == 'first' else '<=' }} held.{{ time_column }}
                    then 'older_version'
                {%- if has_history %}
                -- between the version that is believed and the newest, which went backwards
                when delivered.{{ time_column }} <= newest.updated_at then 'older_version'
                {%- endif %}
            end as fate
        from (
            select * from {{ ref('int_' ~ entity ~ '__delivered') }}
            where source_system in ({{ sluice.literals(sluice.accounting_sources(entity)) }})
        ) as delivered
        left join (select * from {{ held }} where {{ held_where }}) as held
            on {{ same_key if same_key else 'delivered.' ~ key ~ ' = held.' ~ key }}
        {%- if has_history %}
        left join (
            select {{ key }}, max(updated_at) as updated_at
            from {{ held }}
            where refusal_reason in ({{ sluice.rules_of_scope(entity, 'history') }})
            group by {{ key }}
        ) as newest on delivered.{{ key }} = newest.{{ key }}
        {%- endif %}
        left join (
            select * from {{ ref('int_quarantine__united') }} where entity = '{{ entity }}'
        ) as quarantine
            on
                delivered.batch_id = quarantine.batch_id
                and delivered.source_file = quarantine.source_file
                and delivered.source_position = quarantine.source_position
        {%- if 'orders.' in currency %}
        left join (
            select order_id, currency_code from {{ ref('int_orders__judged') }} where refusal_reason is null
        ) as orders on delivered.order_id = orders.order_id
        {%- endif %}
    ) as traced
    group by source_system, batch_id, currency_code, fate
{%- endmacro %}


{% macro qualified_content(entity, relation) -%}
    {#- Names of the content columns, each behind the name of its relation. -#}
    {%- set names = [] -%}
    {%- for column in var('common_columns')[entity] -%}
        {%- do names.append(relation ~ '.' ~ column) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{#-
    How many rows of `accepted` stand in a mart under their key, and with how much money there, by the batch that delivered
    them. `accepted` has the origin of each row, which marts do not keep.
-#}
{% macro rows_in_mart(
    entity, key, accepted, mart, accepted_where='true', same='true',
    amount='cast(0 as decimal(18, 4))', currency='cast(null as varchar)'
) -%}
    {#- How many accepted rows stand in a mart under their key, and with how much money, by batch and currency. -#}
    {%- set sources = sluice.accounting_sources(entity) -%}
    select
        '{{ entity }}' as entity,
        accepted.source_system,
        accepted.batch_id,
        {{ currency }} as currency_code,
        count(*) as row_count,
        cast(coalesce(sum({{ amount }}), 0) as decimal(18, 4)) as amount
    from {{ accepted }} as accepted
    inner join {{ mart }} as mart on accepted.{{ key }} = mart.{{ key }} and {{ same }}
    where {{ accepted_where }} and accepted.source_system in ('' {%- for source in sources %}, '{{ source }}'{% endfor %})
    group by accepted.source_system, accepted.batch_id, {{ currency }}
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
