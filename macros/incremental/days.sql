{#- Keeping a table equal to the relation it is made from, day by day, with no load times: by comparing fingerprints. -#}

{% macro _fingerprint_by_day(relation, columns, day_column) -%}
    {#-
        SQL of one row per day of `relation`: how many rows it has, and the sum of the hashes of their `columns`, each
        cast to its type there, so that two relations can be compared. No order of rows changes it.
    -#}
    select
        {{ day_column }} as day_on,
        count(*) as row_count,
        sum(cast(hash({% for column in columns -%}
            cast({{ adapter.quote(column.name) }} as {{ column.dtype }}){{ ', ' if not loop.last }}
        {%- endfor %}) as hugeint)) as fingerprint
    from {{ relation }}
    group by {{ day_column }}
{%- endmacro %}


{% macro is_day_that_differs(relation, made_from, day_column) -%}
    {#-
        Condition: rows on days on which `relation` and `made_from` do not hold the same rows, in every column of `relation`.
        Two 64-bit sums would have to agree by chance to miss one. The days are literals, by which a scan can skip rows.
    -#}
    {%- set days = [] -%}
    {%- if execute -%}
        {%- set columns = adapter.get_columns_in_relation(relation) -%}
        {%- set query -%}
            select cast(coalesce(made.day_on, kept.day_on) as varchar)
            from ({{ sluice._fingerprint_by_day(made_from, columns, day_column) }}) as made
            full outer join ({{ sluice._fingerprint_by_day(relation, columns, day_column) }}) as kept
                on made.day_on = kept.day_on
            where
                made.row_count is distinct from kept.row_count
                or made.fingerprint is distinct from kept.fingerprint
            order by 1
        {%- endset -%}
        {%- set days = run_query(query).rows | map(attribute=0) | list -%}
    {%- endif -%}
    {%- if days -%}
    {{ day_column }} in ({% for day in days %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}
