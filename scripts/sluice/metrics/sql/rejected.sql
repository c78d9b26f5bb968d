-- Records that ingest rejected and nobody has corrected or dropped. A waiver does not exist for them.
with rejected as (
    select feed, sum(rows_quarantined) as records
    from batches
    group by feed
),

newest_decisions as (
    select quarantine_id, any_value(feed) as feed, max_by(decision, (decided_at, decision_id)) as decision
    from decisions
    where place <> 'warehouse'
    group by quarantine_id
),

answered as (
    select feed, count(*) as records
    from newest_decisions
    where decision in ('corrected', 'dropped')
    group by feed
)

select rejected.feed, greatest(rejected.records - coalesce(answered.records, 0), 0) as open_rows
from rejected
left join answered using (feed)
order by rejected.feed
