{% macro baseline_rules() -%}
    {#- The columns of rpt_payment_baselines that are judged as scores. -#}
    {{ return(['amount_rule', 'velocity_rule', 'merchant_rule', 'device_rule', 'any_rule', 'graded_rule']) }}
{%- endmacro %}


{% macro segment_values() -%}
    {#- The value of each segment of a payment (vars.yml: risk, performance, segments), as text. -#}
    {%- for expression in var('risk').performance.segments.values() -%}
        coalesce(cast({{ expression | trim }} as varchar), 'unknown') {{- ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro scorer(model_name, model_version, model_role) -%}
    {#- What a model is called beside the rules: its name, the start of its version, its role. -#}
    {{ model_name }} || ' ' || left({{ model_version }}, 8) || ' ' || {{ model_role }}
{%- endmacro %}


{% macro drawn_weight(rows, seed) -%}
    {#-
        How much `rows` rows together weigh in one draw of a Bayesian bootstrap (Rubin 1981): each weighs an exponential
        number, so the sum is a gamma number, here by the approximation of Wilson and Hilferty. It is drawn from the text
        `seed`, so that the same data gives the same interval.
    -#}
    case
        when {{ rows }} = 0 then 0
        else {{ rows }} * pow(
            greatest(
                1 - 1 / (9.0e0 * {{ rows }}) + {{ sluice._normal_number(seed) }} / (3 * sqrt({{ rows }})), 0
            ), 3
        )
    end
{%- endmacro %}


{% macro _normal_number(seed) -%}
    {#- A number of the standard normal distribution from a text, by Box and Muller. -#}
    sqrt(-2 * ln((md5_number_lower({{ seed }}) + 1) / 18446744073709551616.0e0))
    * cos(2 * pi() * md5_number_upper({{ seed }}) / 18446744073709551616.0e0)
{%- endmacro %}
