{% test follows_without_a_gap(model, key) %}
    {#- Fails with each version that does not end when the next one of its key begins: only the newest has no end. -#}

select *
from (
    select
        {{ key }},
        valid_from,
        valid_to,
        lead(valid_from) over (partition by {{ key }} order by valid_from asc) as next_valid_from
    from {{ model }}
) as versions
where valid_to is distinct from next_valid_from

{% endtest %}
