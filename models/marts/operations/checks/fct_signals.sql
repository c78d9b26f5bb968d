with

signals as (
    select * from {{ ref('stg_history__signals') }}
),

numbered as (
    select
        metric,
        point_at,
        cast(
            row_number() over (partition by metric, point_at, environment order by judged_at, run_id) as bigint
        ) as sight_number,
        environment,
        run_id,
        release_id,
        relation,
        measure,
        dimension,
        value,
        centre,
        lower_limit,
        upper_limit,
        level,
        strength,
        rules,
        severity,
        owner,
        is_new,
        is_blocking,
        judged_at
    from signals
)

select * from numbered
