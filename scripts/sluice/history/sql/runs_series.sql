-- What charts follow from run to run, for one environment: a point for each release, run or delivery.
-- Of tables and columns only the newest $releases releases: what a release costs does not grow with those before it.
with recent as (
    select release_id
    from ($profiles)
    where environment = $environment
    group by release_id
    order by max(measured_at) desc
    limit $releases
),

profiles as materialized (
    select * from ($profiles) where environment = $environment and release_id in (from recent)
),

tables as (
    select * from profiles where column_name is null
),

growth as (
    select newer.*, newer.row_count - older.row_count as rows_added
    from tables as newer
    inner join tables as older on newer.parent_release_id = older.release_id and newer.relation = older.relation
),

columns as (
    select * from profiles where column_name is not null and row_count > 0
),

steps as (
    -- A build or an audit that found nothing to do has no invocation, and takes no time.
    select * from ($steps)
    where
        outcome = 'done'
        and (environment = $environment or environment is null)
        and (invocation_id is not null or step not in ('build', 'audit'))
),

feeds as (
    select
        run_id, feed,
        max(loaded_at) as measured_at, sum(rows_landed) as rows_landed, sum(rows_quarantined) as rows_quarantined,
        sum(rows_read) as rows_read
    from ($batches)
    group by run_id, feed
),

-- A stream says every minute how far behind it is: of each hour, the worst.
hours as (
    select feed, time_bucket(interval 1 hour, measured_at) as measured_at, max(lag) as lag
    from ($streams)
    group by all
),

lags as (
    select * from hours
    qualify measured_at > max(measured_at) over (partition by feed) - interval 30 days
),

-- What `sluice score` did, by day; the day that goes on is not whole.
scored_days as (
    select
        model,
        time_bucket(interval 1 day, measured_at) as measured_at,
        sum(alerts) as alerts,
        sum(scored) as scored,
        sum(asked) as asked,
        max(latency_p99) as latency_p99,
        sum(mean_score * scored) / nullif(sum(scored), 0) as mean_score,
        sum(drift * scored) / nullif(sum(scored), 0) as drift
    from ($scoring)
    where environment = $environment
    group by all
),

scored as (
    select * from scored_days
    qualify
        measured_at < max(measured_at) over (partition by model)
        and measured_at > max(measured_at) over (partition by model) - interval 61 days
),

drift as (
    select * from ($drift)
),

-- Of each release that has one before it, also where nothing changed: that is what is usual.
changes as (
    select
        growth.relation, growth.release_id, any_value(growth.measured_at) as measured_at,
        coalesce(sum(drift.value) filter (where drift.measure = 'new_categories'), 0) as new_categories,
        coalesce(sum(drift.value) filter (where drift.measure = 'vanished_categories'), 0) as vanished_categories,
        coalesce(sum(drift.value) filter (where drift.measure like 'columns_%'), 0) as columns_changed
    from growth
    left join drift on growth.relation = drift.relation and growth.release_id = drift.release_id
    group by growth.relation, growth.release_id
),

points as (
    select relation, 'rows_added' as measure, null as label, 'value' as kind, measured_at, rows_added::double as value, null as denominator
    from growth
    union all
    select relation, 'bytes_per_row', null, 'amount', measured_at, bytes / row_count, null from tables where bytes > 0 and row_count > 0
    union all
    select relation, 'age_hours', null, 'value', measured_at, epoch(measured_at - newest_at) / 3600, null
    from tables
    where newest_at is not null
    union all
    select relation, 'null_share', 'column=' || column_name, 'p', measured_at, null_count, row_count from columns
    union all
    select relation, 'categories', 'column=' || column_name, 'count', measured_at, len(frequent), null
    from columns
    where len(frequent) > 0
    union all
    select relation, measure, 'column=' || column_name, 'value', measured_at, value, null from drift where measure in ('psi', 'ks')
    union all
    select relation, measure, null, 'count', measured_at, value, null
    from changes unpivot (value for measure in (new_categories, vanished_categories, columns_changed))
    union all
    select null, 'seconds', 'step=' || step, 'amount', started_at, seconds, null from steps where seconds > 0
    union all
    select feed, 'rows', 'feed=' || feed, 'count', measured_at, rows_landed, null from feeds
    union all
    select feed, 'rejected_share', 'feed=' || feed, 'p', measured_at, rows_quarantined, rows_read from feeds where rows_read > 0
    union all
    select feed, 'lag', 'feed=' || feed, 'value', measured_at, lag, null from lags
    union all
    select model, 'alerts', 'model=' || model, 'count', measured_at, alerts, null from scored
    union all
    select model, 'alert_share', 'model=' || model, 'p', measured_at, alerts, scored from scored where scored > 0
    union all
    select model, 'scored_share', 'model=' || model, 'p', measured_at, scored, asked from scored where asked > 0
    union all
    select model, 'mean_score', 'model=' || model, 'value', measured_at, mean_score, null from scored where scored > 0
    union all
    select model, 'drift', 'model=' || model, 'value', measured_at, drift, null from scored where drift is not null
    union all
    select model, 'latency_p99', 'model=' || model, 'value', measured_at, latency_p99, null from scored where scored > 0
)

select
    case when label like 'feed=%' then 'feed' when label like 'model=%' then 'model' when label like 'step=%' then 'run' else relation end
    || '.' || measure || coalesce('{' || label || '}', '') as metric,
    kind, measured_at, value, denominator::double as denominator, relation, measure
from points
