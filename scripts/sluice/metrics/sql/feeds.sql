-- What each feed has delivered so far. `batches` and `refusals` are tables of lake/ops.
with landed as (
    select
        feed,
        count(*) as batches,
        sum(rows_landed) as rows_landed,
        sum(rows_quarantined) as rows_rejected,
        sum(bytes_read) as bytes_read,
        epoch(max(loaded_at)) as last_batch_at,
        epoch(max(loaded_at) filter (where rows_landed > 0)) as last_landed_at
    from batches
    group by feed
),

refused as (
    select feed, count(*) as files_refused
    from refusals
    group by feed
)

select
    feed,
    coalesce(batches, 0) as batches,
    coalesce(rows_landed, 0) as rows_landed,
    coalesce(rows_rejected, 0) as rows_rejected,
    coalesce(bytes_read, 0) as bytes_read,
    coalesce(files_refused, 0) as files_refused,
    last_batch_at,
    last_landed_at
from landed
full join refused using (feed)
order by feed
