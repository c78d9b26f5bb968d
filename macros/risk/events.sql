{% macro risk_event_kind(payment_type) -%}
    {#- case expression: the kind of event that a payment of this type is (vars.yml: risk, event_kinds); null for none. -#}
    case {{ payment_type }}
        {%- for type, kind in var('risk').event_kinds.items() %}
        when '{{ type }}' then '{{ kind }}'
        {%- endfor %}
    end
{%- endmacro %}


{% macro undisputed_after(source_system) -%}
    {#- case expression: after how long without a dispute a payment counts as legitimate; null where its source says nothing. -#}
    case {{ source_system }}
        {%- for source, days in var('risk').undisputed_after_days.items() %}
        when '{{ source }}' then interval '{{ days }} days'
        {%- endfor %}
        when '' then null
    end
{%- endmacro %}


{% macro known_with_the_night(moment) -%}
    {#- When the delivery of the day of `moment` has come: at an hour of the day after it. -#}
    cast(cast({{ moment }} as date) + 1 as timestamp) + interval '{{ var("risk").disputes_known_at_hour }} hours'
{%- endmacro %}
