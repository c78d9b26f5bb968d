{% macro whole_seconds_between(from_moment, to_moment) -%}
    {#- Whole seconds that have passed from one moment to another: 1.9 are 1, wherever the second starts. -#}
    date_sub('second', {{ from_moment }}, {{ to_moment }})
{%- endmacro %}


{% macro numbers_up_to(last) -%}
    {#- One row per whole number from 0 to `last`, for each row of the select that calls it. -#}
    unnest(range({{ last }} + 1))
{%- endmacro %}


{% macro whole_days_between(from_day, to_day) -%}
    {#- How many midnights lie between two dates; negative where the second is the earlier. -#}
    date_diff('day', {{ from_day }}, {{ to_day }})
{%- endmacro %}


{% macro months_between(from_month, to_month) -%}
    {#- Both are first days of a month: engines disagree on other days. -#}
    date_diff('month', {{ from_month }}, {{ to_month }})
{%- endmacro %}
