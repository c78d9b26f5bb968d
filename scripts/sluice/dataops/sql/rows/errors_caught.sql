-- Errors of the window, each once: an incident however often it was seen; a candidate that was refused and a rollback only
-- where no incident tells of them. And, not added to them, the rows that rules kept out.
with incidents_told as (

    select
        incident_spans.incident_id as id,
        coalesce(incident_spans.release_id, 'no release') as subject,
        incident_spans.opened_at as started_at,
        incident_spans.ended_at,
        1 as value,
        if(incident_spans.is_published, 'after', 'before') as state,
        incident_spans.title as reason
    from incident_spans

),

refused as (

    select
        steps.release_id as id,
        steps.release_id as subject,
        max(steps.started_at) as started_at,
        null::timestamp as ended_at,
        1 as value,
        'before' as state,
        concat_ws(': ', 'refused candidate', arg_max(steps.detail, steps.started_at)) as reason
    from ops.steps
    inner join span using (environment)
    where
        steps.exit_code = 1
        and steps.step in ('build', 'audit')
        and steps.release_id is not null
        and steps.release_id not in (select moves.release_id from moves)
        and steps.release_id not in (select release_id from incident_events where release_id is not null)
    group by steps.release_id

),

taken_back as (

    select
        withdrawals.event_id as id,
        withdrawals.withdrawn as subject,
        withdrawals.withdrawn_at as started_at,
        null::timestamp as ended_at,
        1 as value,
        'after' as state,
        concat_ws(': ', 'rolled back', withdrawals.why) as reason
    from withdrawals
    where
        withdrawals.event_id not in (select known_names.event_id from known_names)
        and withdrawals.withdrawn not in (select release_id from incident_events where release_id is not null)

),

named as (

    select
        unnest(fixes.incidents) as id,
        fixes.release_id,
        fixes.published_at
    from fixes

),

named_elsewhere as (

    select
        named.id,
        arg_min(named.release_id, named.published_at) as subject,
        min(named.published_at) as started_at,
        null::timestamp as ended_at,
        1 as value,
        'after' as state,
        'an incident of another system, fixed by this release' as reason
    from named
    where
        not exists (
            from incident_spans
            where len(named.id) >= 8 and starts_with(incident_spans.incident_id, named.id)
        )
        and not exists (from withdrawals where contains(withdrawals.why, named.id))
    group by named.id

),

kept_out as (

    select
        batches.batch_id as id,
        batches.feed as subject,
        batches.loaded_at as started_at,
        null::timestamp as ended_at,
        reasons.one.rows as value,
        'rows' as state,
        reasons.one.reason
    from ops.batches, unnest(batches.reasons) as reasons(one)

),

refused_by_rules as (

    select
        batch_id as id,
        feed as subject,
        min(refused_at) as started_at,
        null::timestamp as ended_at,
        count(*) as value,
        'rows' as state,
        rule as reason
    from quarantined
    where place = 'warehouse'
    group by all

),

every as (

    select * from incidents_told
    union all
    select * from refused
    union all
    select * from taken_back
    union all
    select * from named_elsewhere
    union all
    select * from kept_out
    union all
    select * from refused_by_rules

)

select every.* replace (every.value::double as value)
from every, span
where every.started_at >= span.from_at and every.started_at < span.to_at
