-- Rollbacks whose reason names a known incident by eight or more digits of its id.
select
    withdrawals.event_id,
    list_distinct(flatten(list(incident_spans.touches))) as touches,
    list(distinct incident_spans.incident_id) as incidents
from withdrawals
inner join incident_spans
    on list_has_any(
        regexp_extract_all(withdrawals.why, '[0-9a-f]{8,64}'),
        list_transform(range(8, 65), lambda digits: left(incident_spans.incident_id, digits))
    )
group by withdrawals.event_id
