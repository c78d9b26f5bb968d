-- One row per incident and time that it was open, from the events in lake/ops/incidents: the state that it has now, or ended with.
-- `number` counts the times that it was open; `is_latest` marks the last.
with events as (

    from $incidents

),

numbered as (

    -- What comes after an end opens the incident again.
    select
        *,
        1 + coalesce(sum((event in ('resolved', 'closed'))::int) over before_it, 0)::bigint as number
    from events
    window before_it as (
        partition by incident_id order by happened_at, event_id rows between unbounded preceding and 1 preceding
    )

),

counted as (

    select
        incident_id,
        number,
        min(happened_at) as opened_at,
        min(since_at) as since_at,
        max(happened_at) filter (where event in ('opened', 'changed', 'seen')) as last_seen_at,
        count(*) filter (where event in ('opened', 'changed', 'seen')) as seen,
        max(happened_at) filter (where event in ('resolved', 'closed')) as ended_at,
        max(happened_at) filter (where event = 'changed') as changed_at,
        max(happened_at) filter (where event in ('acknowledged', 'closed')) as answered_at,
        arg_max(event, happened_at) filter (where event in ('resolved', 'closed', 'acknowledged')) as last_word,
        arg_max(by_actor, happened_at) filter (where event in ('closed', 'acknowledged')) as by_actor,
        arg_max(why, happened_at) filter (where event in ('closed', 'acknowledged')) as why
    from numbered
    group by all

),

latest as (

    -- What the last run that found it has written: people's events have no findings.
    select *
    from numbered
    where event in ('opened', 'changed', 'seen')
    qualify row_number() over (partition by incident_id, number order by happened_at desc, event_id desc) = 1

),

described as (

    select
        latest.incident_id,
        latest.environment,
        latest.node,
        latest.family,
        latest.title,
        latest.severity,
        latest.owner,
        coalesce(counted.last_word, 'open') as state,
        counted.since_at,
        counted.opened_at,
        counted.last_seen_at,
        counted.ended_at,
        counted.seen,
        latest.findings,
        latest.touches,
        latest.next_step,
        latest.link,
        latest.release_id,
        latest.run_id,
        latest.name,
        latest.tags,
        counted.changed_at,
        counted.answered_at,
        counted.by_actor,
        counted.why,
        latest.number,
        latest.number = max(latest.number) over (partition by latest.incident_id) as is_latest
    from latest
    inner join counted using (incident_id, number)

)

select * from described
