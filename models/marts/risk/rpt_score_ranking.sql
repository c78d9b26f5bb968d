-- How well a score puts fraud first, and what it saves where it is cut.
{% set settings = var('risk').performance %}
{% set seed = "scorer || part || part_value || score || '|' || draw" %}

with

curves as (
    select * from {{ ref('rpt_score_curves') }}
),

draws as (
    select unnest(range(1, {{ settings.draws }} + 1)) as draw
),

ranked as (
    select
        *,
        sum(payment_count) over (
            partition by scorer, part, part_value order by score desc rows unbounded preceding
        ) as score_rank
    from curves
),

-- For intervals, scores whose ranks differ by less than a tenth are taken together: the top stays as it is.
grouped as (
    select
        scorer,
        part,
        part_value,
        min(score) as score,
        sum(payment_count - fraud_count) as legitimate_count,
        sum(fraud_count) as fraud_count,
        sum(fraud_cents) as fraud_cents
    from ranked
    group by scorer, part, part_value, floor(8 * log2(score_rank))
),

grouped_and_draws as (
    select
        grouped.*,
        draws.draw
    from grouped
    cross join draws
),

-- Draw 0 is the payments as they were.
weighted as (
    select
        scorer,
        part,
        part_value,
        0 as draw,
        score,
        payment_count - fraud_count as legitimate_weight,
        fraud_count as fraud_weight,
        fraud_cents
    from curves
    union all by name
    select
        * exclude (legitimate_count, fraud_count, fraud_cents),
        {{ drawn_weight('legitimate_count', "'no|' || " ~ seed) | indent(8) }} as legitimate_weight,
        {{ drawn_weight('fraud_count', "'yes|' || " ~ seed) | indent(8) }} as fraud_weight,
        fraud_cents * fraud_weight / greatest(fraud_count, 1) as fraud_cents
    from grouped_and_draws
),

-- From the highest score down: what is found, and what it costs to look no further.
found as (
    select
        *,
        sum(fraud_weight) over down as fraud_found,
        sum(fraud_weight + legitimate_weight) over down as looked_at,
        sum(fraud_weight) over whole as fraud_total,
        sum(fraud_cents) over whole as cents_total,
        sum(fraud_cents) over whole - sum(fraud_cents) over down
        + {{ settings.alert_cents }} * sum(fraud_weight + legitimate_weight) over down
        + {{ settings.false_alarm_cents }} * sum(legitimate_weight) over down as cost_cents
    from weighted
    window
        whole as (partition by scorer, part, part_value, draw),
        down as (partition by scorer, part, part_value, draw order by score desc rows unbounded preceding)
),

drawn as (
    select
        scorer,
        part,
        part_value,
        draw,
        round(sum(fraud_weight * fraud_found / looked_at) / max(fraud_total), 6) as average_precision,
        case
            when min(cost_cents) < max(cents_total)
                then round(min_by(fraud_found, (cost_cents, looked_at)) / max(fraud_total), 6)
            else 0
        end as recall_at_cut,
        round(1 - least(min(cost_cents), max(cents_total)) / nullif(max(cents_total), 0), 6) as saved_at_cut,
        case when min(cost_cents) < max(cents_total) then min_by(score, (cost_cents, looked_at)) end as score_at_cut
    from found
    where fraud_total > 0
    group by scorer, part, part_value, draw
),

final as (
    select
        scorer || '|' || part || '|' || part_value as ranking_id,
        scorer,
        part,
        part_value,
        {%- for metric in ['average_precision', 'recall_at_cut', 'saved_at_cut'] %}
            max({{ metric }}) filter (where draw = 0) as {{ metric }},
            round(quantile_cont({{ metric }}, 0.025) filter (where draw > 0), 6) as {{ metric }}_low,
            round(quantile_cont({{ metric }}, 0.975) filter (where draw > 0), 6) as {{ metric }}_high,
        {%- endfor %}
        max(score_at_cut) filter (where draw = 0) as score_at_cut
    from drawn
    group by scorer, part, part_value
)

select * from final
