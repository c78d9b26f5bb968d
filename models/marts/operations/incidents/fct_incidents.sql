with

events as (
    select * from {{ ref('stg_history__incidents') }}
),

alerts as (
    select * from {{ ref('stg_history__alerts') }}
),

-- An incident that comes back has the same id: which time it is open tells the times apart.
numbered as (
    select
        *,
        count(*) filter (where event = 'opened') over (
            partition by incident_id order by happened_at, event_id
        ) as incident_number
    from events
),

by_incident as (
    select
        incident_id,
        incident_number,
        arg_max(environment, happened_at) as environment,
        arg_max(node, happened_at) as node,
        arg_max(node_name, happened_at) as node_name,
        arg_max(family, happened_at) as family,
        arg_max(title, happened_at) as title,
        arg_max(severity, happened_at) as severity,
        arg_max(owner, happened_at) as owner,
        arg_max(touches, happened_at) as touches,
        arg_max(next_step, happened_at) as next_step,
        arg_max(link, happened_at) as link,
        arg_min(run_id, happened_at) as run_id,
        arg_max(by_actor, happened_at) filter (where event = 'acknowledged') as acknowledged_by,
        arg_max(event, happened_at) filter (where event in ('resolved', 'closed')) as ended_as,
        count(distinct run_id) filter (where event in ('opened', 'changed', 'seen')) as run_count,
        min(since_at) as since_at,
        min(happened_at) as opened_at,
        min(happened_at) filter (where event = 'acknowledged') as acknowledged_at,
        max(happened_at) filter (where event in ('resolved', 'closed')) as ended_at
    from numbered
    group by incident_id, incident_number
),

spans as (
    select
        *,
        lead(opened_at) over (partition by incident_id order by incident_number) as next_opened_at
    from by_incident
),

sent as (
    select
        spans.incident_id,
        spans.incident_number,
        count(*) as sent_alert_count,
        min(alerts.happened_at) as first_alert_sent_at
    from spans
    inner join alerts
        on
            spans.incident_id = alerts.incident_id
            and spans.opened_at <= alerts.happened_at
            and (alerts.happened_at < spans.next_opened_at or spans.next_opened_at is null)
    where alerts.event = 'sent'
    group by spans.incident_id, spans.incident_number
),

final as (
    select
        by_incident.incident_id,
        by_incident.incident_number,
        by_incident.run_id,
        by_incident.environment,
        by_incident.node,
        by_incident.node_name,
        by_incident.family,
        by_incident.title,
        by_incident.severity,
        by_incident.owner,
        by_incident.touches,
        by_incident.next_step,
        by_incident.link,
        by_incident.acknowledged_by,
        by_incident.ended_as,
        by_incident.run_count,
        coalesce(sent.sent_alert_count, 0) as sent_alert_count,
        by_incident.ended_at is null as is_open,
        by_incident.since_at,
        by_incident.opened_at,
        sent.first_alert_sent_at,
        by_incident.acknowledged_at,
        by_incident.ended_at
    from by_incident
    left join sent
        on by_incident.incident_id = sent.incident_id and by_incident.incident_number = sent.incident_number
)

select * from final
