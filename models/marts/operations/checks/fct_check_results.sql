with

checks as (
    select * from {{ ref('stg_history__checks') }}
),

steps as (
    select * from {{ ref('stg_history__steps') }}
),

attempts as (
    select * from {{ ref('stg_history__releases') }}
),

invocations as (
    select
        invocation_id,
        any_value(run_id) as run_id,
        any_value(environment) as environment
    from steps
    where invocation_id is not null
    group by invocation_id
),

built as (
    select
        release_id,
        any_value(environment) as environment
    from attempts
    where action = 'build' and release_id is not null
    group by release_id
),

final as (
    select
        checks.invocation_id,
        checks.kind,
        checks.check_id,
        invocations.run_id,
        -- An audit of a candidate names the release; the environment is that of its build. dev is known by its file.
        coalesce(
            built.environment, invocations.environment, regexp_replace(checks.warehouse, '\.duckdb$', '')
        ) as environment,
        built.release_id,
        checks.model,
        checks.column_name,
        checks.check_name,
        checks.severity,
        checks.status,
        checks.status in ('fail', 'error') as has_failed,
        checks.failure_count,
        checks.observed,
        checks.expected,
        checks.duration_seconds,
        checks.checked_at
    from checks
    left join invocations on checks.invocation_id = invocations.invocation_id
    left join built on checks.warehouse = built.release_id
)

select * from final
