with

results as (
    select * from {{ ref('fct_check_results') }}
),

-- What could not be judged, or was skipped, says nothing about the data: the result before it holds.
judged as (
    select
        *,
        row_number() over (same_check order by checked_at desc, invocation_id desc) as place,
        lag(has_failed) over (same_check order by checked_at, invocation_id) as had_failed_before
    from results
    where status in ('pass', 'warn', 'fail')
    window same_check as (partition by environment, kind, check_id)
),

counted as (
    select
        environment,
        kind,
        check_id,
        max(checked_at) filter (where has_failed is distinct from had_failed_before) as unchanged_since_at,
        count(*) as result_count,
        count(*) filter (where has_failed) as failed_count,
        -- Of the last 20 results: how often one differed from the one before.
        count(*) filter (where has_failed <> had_failed_before and place < 20) as recent_change_count
    from judged
    group by environment, kind, check_id
),

final as (
    select
        judged.environment,
        judged.kind,
        judged.check_id,
        judged.model,
        judged.column_name,
        judged.check_name,
        judged.severity,
        judged.status as last_status,
        judged.failure_count as last_failure_count,
        judged.has_failed as is_failing,
        case when judged.has_failed then counted.unchanged_since_at end as failing_since_at,
        counted.result_count,
        counted.failed_count,
        counted.recent_change_count,
        judged.checked_at as last_checked_at
    from judged
    inner join counted
        on
            judged.environment = counted.environment
            and judged.kind = counted.kind
            and judged.check_id = counted.check_id
    where judged.place = 1
)

select * from final
