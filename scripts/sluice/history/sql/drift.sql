-- How each relation and each column of a release differs from the release that it was built from: one row for each measure.
-- Only what both have is compared. `detail` names what is new or gone. sluice/history/drift.py says where the formulas come from.
with profiles as ($profiles),

columns as (
    select * from profiles where column_name is not null
),

pairs as (
    select
        newer.environment, newer.release_id, newer.measured_at, newer.relation, newer.column_name,
        newer.row_count, older.row_count as rows_before,
        newer.null_count, older.null_count as nulls_before,
        newer.quantiles, older.quantiles as quantiles_before,
        newer.frequent, older.frequent as frequent_before,
        -- Every value is among the frequent ones, on both sides.
        list_sum(list_transform(newer.frequent, lambda one: one.rows)) = newer.row_count - newer.null_count
        and list_sum(list_transform(older.frequent, lambda one: one.rows)) = older.row_count - older.null_count as is_category,
        -- A time moves on, and so does a key that counts.
        regexp_matches(newer.data_type, '^(DATE|TIMESTAMP)')
        or (newer.data_type like '%INT%' and newer.distinct_count > 0.9 * (newer.row_count - newer.null_count)) as moves_on
    from columns as newer
    inner join columns as older
        on
            newer.parent_release_id = older.release_id
            and newer.environment = older.environment
            and newer.relation = older.relation
            and newer.column_name = older.column_name
    where newer.row_count > 0 and older.row_count > 0
),

-- A column without a value is a category, too: that of null.
counted as (
    select
        * exclude (frequent, frequent_before),
        unnest(
            list_transform(frequent, lambda one: {'category': one.value, 'now': one.rows, 'before': 0})
            || list_transform(frequent_before, lambda one: {'category': one.value, 'now': 0, 'before': one.rows})
            || [{'category': null, 'now': null_count, 'before': nulls_before}],
            max_depth := 2
        )
    from pairs
    where is_category
),

categories as (
    select
        environment, release_id, measured_at, relation, column_name, category,
        sum(now) as now, sum(before) as before,
        sum(now) / any_value(row_count) as share_now,
        sum(before) / any_value(rows_before) as share_before
    from counted
    group by environment, release_id, measured_at, relation, column_name, category
),

-- Both distributions at every quantile of either: between those, both are linear.
points as (
    select *, unnest(list_distinct(quantiles || quantiles_before || ['infinity'::double])) as edge
    from pairs
    where not coalesce(is_category, false) and not moves_on and len(quantiles) = 11 and len(quantiles_before) = 11
),

distributed as (
    select
        environment, release_id, measured_at, relation, column_name, edge,
        edge = 'infinity' or list_contains(quantiles_before[2:10], edge) as is_decile,
        $share_now as f_now,
        $share_before as f_before
    from points
),

-- The bins end at the deciles of the older release. A value that fills more than a tenth leaves fewer bins.
bins as (
    select
        environment, release_id, measured_at, relation, column_name,
        f_now - lag(f_now, 1, 0) over of_column as share_now,
        f_before - lag(f_before, 1, 0) over of_column as share_before
    from distributed
    where is_decile
    window of_column as (partition by environment, release_id, relation, column_name order by edge)
),

shares as (
    select environment, release_id, measured_at, relation, column_name, share_now, share_before from categories
    union all by name
    from bins
),

floored as (
    select * replace (greatest(share_now, $least) as share_now, greatest(share_before, $least) as share_before) from shares
),

schemas as (
    select
        environment, release_id, parent_release_id, measured_at, relation,
        list(column_name order by column_name) as names,
        list(column_name || ' ' || data_type order by column_name) as typed
    from columns
    group by environment, release_id, parent_release_id, measured_at, relation
),

schema_changes as (
    select
        newer.environment, newer.release_id, newer.measured_at, newer.relation,
        list_filter(newer.names, lambda one: not list_contains(older.names, one)) as columns_added,
        list_filter(older.names, lambda one: not list_contains(newer.names, one)) as columns_removed,
        list_filter(
            newer.typed,
            lambda one: not list_contains(older.typed, one) and list_contains(older.names, regexp_replace(one, ' .*$$', ''))
        ) as columns_retyped
    from schemas as newer
    inner join schemas as older
        on
            newer.parent_release_id = older.release_id
            and newer.environment = older.environment
            and newer.relation = older.relation
),

measured as (
    select
        environment, release_id, measured_at, relation, column_name, 'psi' as measure,
        sum((share_now - share_before) * ln(share_now / share_before)) as value, null::varchar as detail
    from floored
    group by environment, release_id, measured_at, relation, column_name
    union all
    select environment, release_id, measured_at, relation, column_name, 'ks', max(abs(f_now - f_before)), null
    from distributed
    group by environment, release_id, measured_at, relation, column_name
    union all
    select
        environment, release_id, measured_at, relation, column_name, 'new_categories',
        count(*), string_agg(category, ', ' order by category)
    from categories
    where category is not null and before = 0
    group by environment, release_id, measured_at, relation, column_name
    union all
    select
        environment, release_id, measured_at, relation, column_name, 'vanished_categories',
        count(*), string_agg(category, ', ' order by category)
    from categories
    where category is not null and now = 0
    group by environment, release_id, measured_at, relation, column_name
    union all
    select
        environment, release_id, measured_at, relation, null, measure,
        len(names), list_aggregate(names, 'string_agg', ', ')
    from schema_changes
    unpivot (names for measure in (columns_added, columns_removed, columns_retyped))
    where len(names) > 0
)

select environment, release_id, measured_at, relation, column_name, measure, value, detail from measured
