-- One row per alert: what was to be sent, and how far it has come. Sent and dropped are ends, whatever is written after them.
with alerts as (

    from $alerts

),

ranked as (

    select
        *,
        case event when 'sent' then 3 when 'dropped' then 2 when 'failed' then 1 else 0 end as rank
    from alerts

),

newest as (

    select
        alert_id,
        any_value(channel) as channel,
        any_value(incident_id) as incident_id,
        any_value(action) as action,
        arg_max(event, (rank, happened_at)) as event,
        min(happened_at) as queued_at,
        any_value(due_at) as due_at,
        max(attempt) as attempt,
        arg_max(detail, happened_at) filter (where event = 'failed') as detail,
        case when max(rank) < 2 then any_value(body) end as body
    from ranked
    group by all

)

select * from newest
