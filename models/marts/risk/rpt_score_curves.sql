-- What each threshold would have cost and caught: payments of which it is known whether they were fraud, by score.
{% set rules = baseline_rules() %}
{% set settings = var('risk').performance %}
{% set segments = settings.segments %}

with

baselines as (
    select * from {{ ref('rpt_payment_baselines') }}
),

model_scores as (
    select * from {{ ref('fct_payment_scores') }}
),

labels as (
    select * from {{ ref('fct_payment_labels') }}
    where is_fraud is not null and is_settled
),

features as (
    select * from {{ ref('rpt_payment_features') }}
),

scores as (
    select
        payment_id,
        unnest([{{ "'" ~ rules | join("', '") ~ "'" }}]) as scorer,
        false as is_model,
        unnest([{{ rules | join(', ') }}]) as score
    from baselines
    union all
    select
        payment_id,
        {{ scorer('model_name', 'model_version', 'model_role') }} as scorer,
        true as is_model,
        score
    from model_scores
),

described as (
    select
        scores.scorer,
        scores.is_model,
        round(scores.score, 4) as score,
        labels.is_fraud,
        features.amount_cents,
        [
            'all', cast(cast(date_trunc('week', features.paid_at) as date) as varchar),
            {{ segment_values() }}
        ] as part_values
    from scores
    inner join labels on scores.payment_id = labels.payment_id
    inner join features on scores.payment_id = features.payment_id
),

-- Everything together, each week, and each segment.
parted as (
    select
        *,
        unnest(['all', 'week', {{ "'" ~ segments | join("', '") ~ "'" }}]) as part,
        unnest(part_values) as part_value
    from described
),

counted as (
    select
        scorer,
        part,
        part_value,
        score,
        bool_and(is_model) as is_model,
        count(*) as payment_count,
        count(*) filter (where is_fraud) as fraud_count,
        coalesce(cast(sum(amount_cents) filter (where is_fraud) as bigint), 0) as fraud_cents
    from parted
    group by scorer, part, part_value, score
),

final as (
    select
        scorer || '|' || part || '|' || part_value || '|' || score as curve_id,
        *,
        payment_count * {{ settings.alert_cents }}
        + (payment_count - fraud_count) * {{ settings.false_alarm_cents }} as alert_cost_cents
    from counted
)

select * from final
