-- The union of the times of each mart: a new stretch begins where nothing that began before is still going on.
with reached as (

    select
        found.subject,
        found.started_at,
        coalesce(found.ended_at, span.to_at) as ended_at,
        max(coalesce(found.ended_at, span.to_at)) over (
            partition by found.subject order by found.started_at, found.ended_at
            rows between unbounded preceding and 1 preceding
        ) as until_then
    from found, span
    where found.state = 'counted'

),

by_mart as (

    select
        subject,
        sum(greatest(seconds_between(greatest(started_at, coalesce(until_then, started_at)), ended_at), 0)) as seconds
    from reached
    group by subject

)

select
    concat('wrong data in ', marts.label) as figure,
    coalesce(by_mart.seconds, 0) as value,
    'seconds' as unit,
    count(found.id) filter (where found.state = 'counted') as known,
    count(found.id) as total
from marts
left join by_mart on marts.label = by_mart.subject
left join found on marts.label = found.subject
group by all
having total > 0
order by value desc, figure
