-- People look at a fixed number of cards a day: those with the highest scores. How many of them were fraud?
{% set rules = baseline_rules() %}
{% set settings = var('risk').performance %}

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
        unnest([{{ rules | join(', ') }}]) as score
    from baselines
    union all
    select
        payment_id,
        {{ scorer('model_name', 'model_version', 'model_role') }} as scorer,
        score
    from model_scores
),

cards as (
    select
        scores.scorer,
        cast(features.paid_at as date) as paid_on,
        coalesce(features.card_fingerprint, features.customer_id, features.payment_id) as card,
        max(round(scores.score, 4)) as score,
        bool_or(labels.is_fraud) as is_fraud
    from scores
    inner join labels on scores.payment_id = labels.payment_id
    inner join features on scores.payment_id = features.payment_id
    group by all
),

-- Where scores are equal, the order is one that has nothing to do with them, and the same in every build.
looked_at as (
    select * from cards
    qualify row_number() over (
        partition by scorer, paid_on order by score desc, md5(card) asc
    ) <= {{ settings.cards_a_day }}
),

days as (
    select
        scorer,
        paid_on,
        unnest(['all', 'week']) as part,
        unnest(['all', cast(cast(date_trunc('week', paid_on) as date) as varchar)]) as part_value,
        count(*) as card_count,
        count(*) filter (where is_fraud) as fraud_card_count,
        cast(count(*) filter (where is_fraud) as double) / count(*) as share_of_fraud
    from looked_at
    group by scorer, paid_on
),

draws as (
    select unnest(range({{ settings.draws }} + 1)) as draw
),

-- Draw 0 is the days as they were.
weighted as (
    select
        days.*,
        draws.draw,
        case
            when draws.draw = 0 then 1
            else {{ drawn_weight('1', "days.paid_on || '|' || draws.draw") | indent(12) }}
        end as weight
    from days
    cross join draws
),

drawn as (
    select
        scorer,
        part,
        part_value,
        draw,
        sum(card_count) as card_count,
        sum(fraud_card_count) as fraud_card_count,
        round(sum(weight * share_of_fraud) / sum(weight), 6) as share_of_fraud
    from weighted
    group by scorer, part, part_value, draw
),

final as (
    select
        scorer || '|' || part || '|' || part_value as card_precision_id,
        scorer,
        part,
        part_value,
        cast(max(card_count) filter (where draw = 0) as bigint) as card_count,
        cast(max(fraud_card_count) filter (where draw = 0) as bigint) as fraud_card_count,
        max(share_of_fraud) filter (where draw = 0) as share_of_fraud,
        round(quantile_cont(share_of_fraud, 0.025) filter (where draw > 0), 6) as share_of_fraud_low,
        round(quantile_cont(share_of_fraud, 0.975) filter (where draw > 0), 6) as share_of_fraud_high
    from drawn
    group by scorer, part, part_value
)

select * from final
