-- A score of 0.2 should be fraud one time in five. By tenths of the score: how far is it off, on average over payments?
{% set draws = var('risk').performance.draws %}
{% set seed = "scorer || part || part_value || tenth || '|' || draw" %}

with

curves as (
    select * from {{ ref('rpt_score_curves') }}
    where is_model
),

tenths as (
    select
        scorer,
        part,
        part_value,
        least(cast(floor(score * 10) as integer), 9) as tenth,
        sum(fraud_count) as fraud_count,
        sum(payment_count - fraud_count) as legitimate_count,
        sum(score * payment_count) / sum(payment_count) as mean_score
    from curves
    group by all
),

draws as (
    select unnest(range({{ draws }} + 1)) as draw
),

tenths_and_draws as (
    select
        tenths.*,
        draws.draw
    from tenths
    cross join draws
),

-- Draw 0 is the payments as they were.
weighted as (
    select
        *,
        case
            when draw = 0 then fraud_count
            else {{ drawn_weight('fraud_count', "'yes|' || " ~ seed) | indent(12) }}
        end as fraud_weight,
        case
            when draw = 0 then legitimate_count
            else {{ drawn_weight('legitimate_count', "'no|' || " ~ seed) | indent(12) }}
        end as legitimate_weight
    from tenths_and_draws
),

drawn as (
    select
        scorer,
        part,
        part_value,
        draw,
        round(
            sum(abs(mean_score * (fraud_weight + legitimate_weight) - fraud_weight))
            / sum(fraud_weight + legitimate_weight), 6
        ) as calibration_error
    from weighted
    group by all
),

final as (
    select
        scorer || '|' || part || '|' || part_value as calibration_id,
        scorer,
        part,
        part_value,
        max(calibration_error) filter (where draw = 0) as calibration_error,
        round(quantile_cont(calibration_error, 0.025) filter (where draw > 0), 6) as calibration_error_low,
        round(quantile_cont(calibration_error, 0.975) filter (where draw > 0), 6) as calibration_error_high
    from drawn
    group by scorer, part, part_value
)

select * from final
