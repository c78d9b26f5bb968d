-- Each time of the window at which a mart was due: whether readers then had what was published for it, or a run had found
-- nothing new. What comes on the day of the time, or from twelve hours before on, is for it; what is late is not for the next.
with days as (

    select
        deadlines.mart,
        timezone('UTC', timezone(deadlines.zone, day::timestamp + deadlines.minutes * interval 1 minute)) as due_at,
        least(
            timezone('UTC', timezone(deadlines.zone, day::timestamp)), due_at - interval 12 hours
        ) as opens_at,
        least(
            timezone('UTC', timezone(deadlines.zone, day::timestamp + interval 1 day)),
            timezone('UTC', timezone(deadlines.zone, day::timestamp + deadlines.minutes * interval 1 minute))
            + interval 12 hours
        ) as closes_at
    from deadlines, span, unnest(generate_series(from_at::date - 1, to_at::date + 1, interval 1 day)) as series(day)

),

counted as (

    select days.*
    from days, span
    where
        days.due_at >= span.from_at
        and days.due_at < span.to_at
        and days.due_at > (select min(moved_at) from moves)

),

arrivals as (

    select release_id, min(moved_at) as arrived_at
    from moves
    group by release_id

),

looked as (

    select
        counted.*,
        moves.release_id,
        arrivals.arrived_at
    from counted
    asof left join moves on counted.due_at >= moves.moved_at
    left join arrivals on moves.release_id = arrivals.release_id

),

runs_of_environment as (

    select
        runs.run_id,
        runs.started_at + runs.seconds * interval 1 second as ended_at,
        runs.outcome,
        runs.detail
    from ops.runs
    inner join span using (environment)
    where runs.command = 'run'

),

judged as (

    select
        looked.*,
        looked.arrived_at >= looked.opens_at as is_published,
        -- The end of the last run that had nothing to publish, where nothing was published.
        (
            select max(ended_at) from runs_of_environment
            where outcome = 'done' and ended_at between looked.opens_at and looked.due_at
        ) as looked_at,
        exists (
            from moves
            where moves.moved_at between looked.opens_at and looked.due_at
        ) as is_moved,
        (
            select min(moved_at) from moves
            where moved_at > looked.due_at and moved_at < looked.closes_at and action <> 'rollback'
        ) as late_at,
        (
            select arg_max(concat_ws(': ', outcome, detail), ended_at) from runs_of_environment
            where outcome <> 'done' and ended_at between looked.opens_at and looked.due_at
        ) as trouble
    from looked

)

select
    coalesce(release_id, 'none') as id,
    mart as subject,
    due_at as started_at,
    case
        when is_published then arrived_at
        when looked_at is not null and not is_moved then looked_at
        else late_at
    end as ended_at,
    seconds_between(due_at, ended_at) as value,
    if(coalesce(ended_at <= due_at, false), 'on time', 'late') as state,
    case
        when is_published then 'published'
        when ended_at <= due_at then 'nothing was new'
        else coalesce(trouble, 'no run had ended')
    end as reason
from judged
