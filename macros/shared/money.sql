{% macro converted_amount(amount, from_rate, to_rate) -%}
    {#-
        amount in one currency as decimal(18, 4) of another, given both currencies' rates per unit of the base. Rounded half
        away from zero, exactly: in whole numbers, because DuckDB divides decimals as doubles. Null where a rate is unknown.
        `amount` must have at most 4 decimals, rates at most 8.
    -#}
    case
        when {{ from_rate }} = {{ to_rate }} then cast({{ amount }} as decimal(18, 4))
        else cast(
            cast(
                sign({{ amount }}) * (
                    (
                        cast(abs({{ amount }}) * 10000 as hugeint) * cast({{ to_rate }} * 100000000 as hugeint) * 2
                        + cast({{ from_rate }} * 100000000 as hugeint)
                    ) // (cast({{ from_rate }} * 100000000 as hugeint) * 2)
                ) as decimal(30, 0)
            ) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4)
        )
    end
{%- endmacro %}


{% macro share(part, whole) -%}
    {#- share of part in whole as decimal(9, 6); null where the whole is nothing. Integer parts only (counts). -#}
    cast(cast({{ part }} as double) / nullif({{ whole }}, 0) as decimal(9, 6))
{%- endmacro %}
