-- What the champion says; a challenger is only watched.
with

scores as (
    select * from {{ ref('fct_payment_scores') }}
    where is_alert and model_role = 'champion'
),

features as (
    select * from {{ ref('rpt_payment_features') }}
),

decisions as (
    select * from {{ ref('int_payments__decided') }}
),

labels as (
    select * from {{ ref('fct_payment_labels') }}
),

-- Where several versions of the model have alerted, the first alert is the one that somebody could act on.
first_alerts as (
    select * from scores
    qualify row_number() over (partition by payment_id, model_name order by scored_at asc, model_version asc) = 1
),

final as (
    select
        first_alerts.payment_id || '|' || first_alerts.model_name as alert_id,
        first_alerts.payment_id,
        first_alerts.model_name,
        first_alerts.model_version,
        first_alerts.paid_at,
        first_alerts.scored_at,
        cast(first_alerts.paid_at as date) as paid_on,
        first_alerts.score,
        first_alerts.threshold,
        first_alerts.reasons,
        split_part(first_alerts.reasons, '; ', 1) as first_reason,
        features.source_system,
        features.card_fingerprint,
        features.customer_id,
        features.device_id,
        features.merchant_id,
        features.ip_country_code,
        features.amount_cents,
        case when decisions.decision is null then 'open' else 'decided' end as status,
        decisions.decision,
        decisions.decided_by,
        decisions.why,
        decisions.decided_at,
        labels.is_fraud
    from first_alerts
    left join features on first_alerts.payment_id = features.payment_id
    left join decisions on first_alerts.payment_id = decisions.payment_id
    left join labels on first_alerts.payment_id = labels.payment_id
)

select * from final
