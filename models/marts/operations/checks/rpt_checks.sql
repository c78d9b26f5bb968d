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

by_check as (
    select
        environment,
        kind,
        check_id,
        arg_max(model, checked_at) as model,
        arg_max(column_name, checked_at) as column_name,
        arg_max(check_name, checked_at) as check_name,
        arg_max(severity, checked_at) as severity,
        arg_max(status, checked_at) as last_status,
        arg_max(failure_count, checked_at) as last_failure_count,
        max(checked_at) as last_checked_at,
        arg_max(has_failed, checked_at) as is_failing,
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
        environment,
        kind,
        check_id,
        model,
        column_name,
        check_name,
        severity,
        last_status,
        last_failure_count,
        is_failing,
        case when is_failing then unchanged_since_at end as failing_since_at,
        result_count,
        failed_count,
        recent_change_count,
        last_checked_at
    from by_check
)

select * from final
