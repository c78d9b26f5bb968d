{#-
    select: for each source system and day of a CTE, how many rows it has and what each measure comes to, one row a measure.
    measures: {name: expression that aggregates a day's rows}. A name that ends in _share is a share of 0 to 1.
-#}
{% macro profiled_days(entity, cte, day_column, measures, condition='true') -%}
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


{#- Share of a group's rows for which the condition holds. -#}
{% macro share_where(condition) -%}
    count(*) filter (where {{ condition }}) / cast(count(*) as double)
{%- endmacro %}
