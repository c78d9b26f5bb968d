{% macro business_rules(entity) -%}
    {#-
        The rules of an entity, checked: a rule that is not whole must not pass for one that nothing breaks. They are
        declared in vars.yml, with what each key of a rule means. Columns that a condition uses and no source delivers
        (is_currency_known, is_order_known) are joined by int_<entity>__screened and int_<entity>__judged.
    -#}
    {%- set all_rules = var('business_rules') -%}
    {%- if entity not in all_rules -%}
        {{ exceptions.raise_compiler_error(
            'vars.yml: business_rules has no entity ' ~ entity ~ '; it has: ' ~ all_rules.keys() | join(', ')
        ) }}
    {%- endif -%}
    {%- for rule in all_rules[entity] -%}
        {%- set place = 'vars.yml: business_rules, ' ~ entity ~ ', rule ' ~ rule.get('rule', loop.index) -%}
        {%- for key in ['rule', 'scope', 'broken_when', 'says', 'may_be_waived'] if rule.get(key) in [none, ''] -%}
            {{ exceptions.raise_compiler_error(place ~ ': ' ~ key ~ ' is missing') }}
        {%- endfor -%}
        {%- if rule.scope not in ['row', 'copy', 'history', 'reference'] -%}
            {{ exceptions.raise_compiler_error(
                place ~ ': scope is ' ~ rule.scope ~ '; it is one of row, copy, history, reference'
            ) }}
        {%- endif -%}
        {%- if rule.may_be_waived not in [true, false] -%}
            {{ exceptions.raise_compiler_error(place ~ ': may_be_waived is ' ~ rule.may_be_waived ~ '; it is true or false') }}
        {%- endif -%}
        {%- if rule.may_be_waived and entity in ['events', 'rates'] -%}
            {{ exceptions.raise_compiler_error(place ~ ': rows of ' ~ entity ~ ' can not be waived, so may_be_waived is false') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(all_rules[entity]) }}
{%- endmacro %}


{% macro first_broken_rule(entity, scope) -%}
    {#- case expression: name of the first rule of the given scope that the row breaks and nobody has waived, else null. -#}
    case
        {%- for rule in sluice.business_rules(entity) if rule.scope == scope %}
        when {{ rule.broken_when }}
            {%- if rule.may_be_waived %} and not coalesce(contains(waived_rules, ',{{ rule.rule }},'), false){% endif %} then '{{ rule.rule }}'
        {%- else %}
        when false then ''
        {%- endfor %}
    end
{%- endmacro %}


{% macro rules_of_scope(entity, scope) -%}
    {#- Names of the rules of a scope, as a list of literals for `in (...)`: never empty. -#}
    '' {%- for rule in sluice.business_rules(entity) if rule.scope == scope %}, '{{ rule.rule }}'{% endfor %}
{%- endmacro %}


{% macro rule_sentence(entity, column='refusal_reason') -%}
    {#- case expression: what the rule named in `column` says. -#}
    case {{ column }}
        {%- for rule in sluice.business_rules(entity) %}
        when '{{ rule.rule }}' then '{{ rule.says | replace("'", "''") }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro may_be_waived(entity, column='refusal_reason') -%}
    {#- Condition: somebody may let the row in although it breaks the rule named in `column`. -#}
    {{ column }} in (
        '' {%- for rule in sluice.business_rules(entity) if rule.may_be_waived %}, '{{ rule.rule }}'{% endfor -%}
    )
{%- endmacro %}


{% macro status_rank(order_status) -%}
    {#- How far an order of this status has come: its place in var('order_statuses'); null where it is not listed. -#}
    case {{ order_status }}
        {%- for status in var('order_statuses') %}
        when '{{ status }}' then {{ loop.index }}
        {%- endfor %}
    end
{%- endmacro %}


{% macro is_owed(order_status) -%}
    {#- Whether the customer owes what an order of this status amounts to. A status that is not known counts as owed. -#}
    coalesce({{ order_status }}, '') not in ('cancelled', 'payment_failed')
{%- endmacro %}
