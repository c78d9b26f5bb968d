-- A pair without a rule that asks for no money would drop its customers from rpt_customer_value.
with

scores as (
    select unnest(range(1, 6)) as score
),

rules as (
    select * from {{ ref('customer_segments') }}
    where money_score_from is null
)

select
    recency.score as recency_score,
    frequency.score as frequency_score
from scores as recency
cross join scores as frequency
where not exists (
    select 1
    from rules
    where
        recency.score between rules.recency_score_from and rules.recency_score_to
        and frequency.score between rules.frequency_score_from and rules.frequency_score_to
)
