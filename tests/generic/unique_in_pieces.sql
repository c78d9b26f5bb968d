{% test unique_in_pieces(model, column_name, rows_of) %}
    {#-
        Fails with each value that is in more than one row, as `unique` does. The rows of a table as large as `rows_of` are
        taken in pieces of about ten million: all values at once do not fit into memory.
    -#}
    {%- set is_whole = sluice.changed_rows().changed_events == 'true' -%}
    {%- set pieces = 1 + sluice.row_count(rows_of) // 10000000 if is_whole else 1 -%}

{%- for piece in range(pieces) %}
select
    {{ column_name }},
    count(*) as row_count
from {{ model }}
where {{ column_name }} is not null and hash({{ column_name }}) % {{ pieces }} = {{ piece }}
group by {{ column_name }}
having count(*) > 1
{{ 'union all' if not loop.last }}
{%- endfor %}

{% endtest %}
