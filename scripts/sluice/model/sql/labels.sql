-- One row per row of the features' mart, in the same order: its label as it was known at $moment. What nobody knew is false.
with known as (
    select
        {label_key} as key,
        arg_max({label}::boolean, ({known_at}::timestamp, {label}::boolean)) as label
    from {labels}
    where {known_at}::timestamp <= $moment::timestamp
    group by all
)

select coalesce(known.label, false) as label
from {features} as features
left join known on {key} = known.key
order by {at}::timestamp, {key}
