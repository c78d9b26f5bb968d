-- Per feed: when it delivered last, and how regularly. Batches of one hour are one delivery: a backlog comes as many.
with deliveries as (

    select
        feed,
        date_trunc('hour', loaded_at) as hour_at,
        max(loaded_at) as loaded_at
    from $batches
    where rows_landed > 0
    group by all

),

gaps as (

    select
        *,
        loaded_at - lag(loaded_at) over by_time as gap,
        row_number() over (partition by feed order by loaded_at desc) as age
    from deliveries
    window by_time as (partition by feed order by loaded_at)

),

latest as (

    select
        feed,
        max(loaded_at) as last_at,
        count(gap) as deliveries,
        max(gap) as longest
    from gaps
    where age <= 30
    group by all

)

select * from latest
