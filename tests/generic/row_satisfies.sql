{% test row_satisfies(model, condition, column_name=none) %}
    {#- Fails with each row for which the condition is not true (false or null). -#}

select *
from {{ model }}
where not coalesce({{ condition }}, false)

{% endtest %}
