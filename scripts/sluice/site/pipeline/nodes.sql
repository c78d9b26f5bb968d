-- What models, seeds and snapshots took in the builds of an environment: the newest time, the usual one, and the last ones.
--
-- In: the tables `nodes` and `steps` of the history. Builds in which a node was not made again do not count.
with made as (

    select
        unique_id,
        any_value(name) as name,
        arg_max(relation, started_at) as relation,
        invocation_id,
        max(started_at) as started_at,
        max(seconds) as seconds
    from nodes
    where environment = $environment and kind in ('model', 'seed', 'snapshot') and status = 'success' and seconds is not null
    group by unique_id, invocation_id

),

numbered as (

    select
        *,
        row_number() over (partition by unique_id order by started_at desc) as back
    from made

)

select
    unique_id,
    any_value(name) as name,
    arg_max(relation, started_at) as relation,
    arg_max(seconds, started_at) as seconds,
    max(started_at) as made_at,
    median(seconds) filter (back between 2 and 31) as usual_seconds,
    count(*) as builds,
    list(seconds order by started_at) filter (back <= 60) as trend
from numbered
group by unique_id
