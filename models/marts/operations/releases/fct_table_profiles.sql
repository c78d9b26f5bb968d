with

profiles as (
    select * from {{ ref('stg_history__profiles') }}
),

compared as (
    select
        release_id,
        relation,
        environment,
        run_id,
        row_count,
        row_count - lag(row_count) over releases_of_environment as row_count_change,
        size_bytes,
        date_diff('second', newest_at, measured_at) as age_seconds,
        newest_at,
        measured_at
    from profiles
    where column_name is null
    window releases_of_environment as (partition by environment, relation order by measured_at, release_id)
)

select * from compared
