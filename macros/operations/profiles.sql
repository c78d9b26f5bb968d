{% macro profiled_days(entity, cte, day_column, measures, condition='true') -%}
    {#-
        select: for each source system and day of a CTE, how many rows it has and what each measure comes to, one row a measure.
        measures: {name: expression that aggregates a day's rows}. A name that ends in _share is a share of 0 to 1.
    -#}
    select
        source_system,
        '{{ entity }}' as entity,
        {{ day_column }} as day_on,
        count(*) as row_count,
        unnest([
            {%- for name in measures %}
                '{{ name }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as measure,
        unnest([
            {%- for expression in measures.values() %}
                cast({{ expression }} as double){{ ',' if not loop.last }}
            {%- endfor %}
        ]) as measured_value
    from {{ cte }}
    where {{ condition }} and {{ day_column }} is not null
    group by source_system, {{ day_column }}
{%- endmacro %}


{% macro share_where(condition) -%}
    {#- Share of a group's rows for which the condition holds. -#}
    count(*) filter (where {{ condition }}) / cast(count(*) as double)
{%- endmacro %}


{% macro ratio_limit() -%}
    {#- Natural logarithm of the least ratio to what is usual that matters. -#}
    ln({{ var('profile_ratio_limit') }})
{%- endmacro %}


{% macro anomaly(difference, usual, deviations, limit) -%}
    {#-
        How remarkable a difference is: 1 where it is both as large as matters (`limit`) and `deviations` times as large as is
        usual; the smaller of the two counts.
    -#}
    round(least({{ difference }} / ({{ usual }} * {{ deviations }}), {{ difference }} / {{ limit }}), 3)
{%- endmacro %}


{% macro is_recent_day() -%}
    {#- Condition on rpt_feed_days: the day is one of the last, counted back from the last open day. -#}
    coalesce(day_on > max(day_on) filter (where is_open) over () - {{ var('profile_recent_days') }}, false)
{%- endmacro %}
