with

commits as (
    select * from {{ ref('stg_history__commits') }}
),

periods as (
    select * from {{ ref('rpt_release_periods') }}
),

first_in_use as (
    select
        environment,
        release_id,
        min(valid_from) as released_at
    from periods
    group by environment, release_id
),

final as (
    select
        commits.environment,
        commits.release_id,
        commits.code_commit,
        commits.run_id,
        commits.author,
        commits.subject,
        commits.pull_request_number,
        date_diff('second', commits.authored_at, first_in_use.released_at) as lead_seconds,
        commits.authored_at,
        commits.committed_at,
        first_in_use.released_at
    from commits
    left join first_in_use
        on commits.environment = first_in_use.environment and commits.release_id = first_in_use.release_id
)

select * from final
