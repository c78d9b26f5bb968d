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

placed as (
    select
        *,
        row_number() over (
            partition by incident_id, incident_number order by happened_at desc, event_id desc
        ) as place
    from numbered
),

spans as (
    select
        incident_id,
        incident_number,
        arg_min(run_id, happened_at) as run_id,
        arg_max(by_actor, happened_at) filter (where event = 'acknowledged') as acknowledged_by,
        arg_max(event, happened_at) filter (where event in ('resolved', 'closed')) as ended_as,
        count(distinct run_id) filter (where event in ('opened', 'changed', 'seen')) as run_count,
        min(happened_at) as opened_at,
        min(happened_at) filter (where event = 'acknowledged') as acknowledged_at,
        max(happened_at) filter (where event in ('resolved', 'closed')) as ended_at,
        lead(min(happened_at)) over (partition by incident_id order by incident_number) as next_opened_at
    from numbered
    group by incident_id, incident_number
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
            and coalesce(spans.next_opened_at, 'infinity') > alerts.happened_at
    where alerts.event = 'sent'
    group by spans.incident_id, spans.incident_number
),

final as (
    select
        spans.incident_id,
        spans.incident_number,
        spans.run_id,
        placed.environment,
        placed.node,
        placed.node_name,
        placed.family,
        placed.title,
        placed.severity,
        placed.owner,
        placed.touches,
        placed.next_step,
        placed.link,
        spans.acknowledged_by,
        spans.ended_as,
        spans.run_count,
        coalesce(sent.sent_alert_count, 0) as sent_alert_count,
        spans.ended_at is null as is_open,
        placed.since_at,
        spans.opened_at,
        sent.first_alert_sent_at,
        spans.acknowledged_at,
        spans.ended_at
    from spans
    inner join placed
        on spans.incident_id = placed.incident_id and spans.incident_number = placed.incident_number
    left join sent
        on spans.incident_id = sent.incident_id and spans.incident_number = sent.incident_number
    where placed.place = 1
)

select * from final
