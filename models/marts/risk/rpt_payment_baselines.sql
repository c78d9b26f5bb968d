-- Rules that people write by hand, as scores. Each takes only what the features know, so it is as fair as a model.
{% set limits = var('risk').baselines %}

with

features as (
    select * from {{ ref('rpt_payment_features') }}
),

-- How much of each limit is reached; nothing where nothing is known.
measured as (
    select
        payment_id,
        source_system,
        paid_at,
        coalesce(cast(amount_cents as double) / {{ limits.amount_cents }}, 0) as amount,
        cast(greatest(coalesce(card_attempts_10m, 0), coalesce(device_attempts_10m, 0)) as double)
        / {{ limits.attempts_10m }} as velocity,
        coalesce(merchant_risk_7d, 0) / {{ limits.risk_7d }} as merchant_risk,
        coalesce(device_risk_7d, 0) / {{ limits.risk_7d }} as device_risk
    from features
),

ruled as (
    select
        *,
        cast(amount >= 1 as double) as amount_rule,
        cast(velocity >= 1 as double) as velocity_rule,
        cast(merchant_risk >= 1 as double) as merchant_rule,
        cast(device_risk >= 1 as double) as device_rule
    from measured
),

-- The graded rule is between 0 and 1; twice a limit counts no more than that.
final as (
    select
        payment_id,
        source_system,
        paid_at,
        amount_rule,
        velocity_rule,
        merchant_rule,
        device_rule,
        greatest(amount_rule, velocity_rule, merchant_rule, device_rule) as any_rule,
        (
            {{ limits.weights.amount }} * least(amount, 2)
            + {{ limits.weights.velocity }} * least(velocity, 2)
            + {{ limits.weights.risk }} * least(greatest(merchant_risk, device_risk), 2)
        ) / (2.0e0 * {{ limits.weights.values() | sum }}) as graded_rule
    from ruled
)

select * from final
