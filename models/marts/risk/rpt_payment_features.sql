-- What is declared in _risk__features.yml, under config.meta.features, as window functions over all events.
{% set declared = declared_features(model) %}

with

events as (
    select * from {{ ref('fct_risk_events') }}
),

measured as (
    select
        *,
        {{ windowed_features(declared) | trim | indent(8) }}
    from events
),

final as (
    select
        payment_id,
        source_system,
        known_at as paid_at,
        card_fingerprint,
        customer_id,
        device_id,
        merchant_id,
        ip_country_code,
        issuer_country_code,
        {{ declared.columns | join(',\n        ') }},
        {%- for feature in declared.features if 'ratio' not in feature %}
            {{ feature.name }},
        {%- endfor %}
        {{ feature_ratios(declared) | trim | indent(8) }}
    from measured
    where event_kind = '{{ declared.of }}'
)

select * from final
