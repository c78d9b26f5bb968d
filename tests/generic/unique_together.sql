{% test unique_together(model, columns) %}
    {#- Fails with each combination of values that is in more than one row. -#}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
