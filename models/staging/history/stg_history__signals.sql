with

source as (
    select * from {{ source('history', 'signals') }}
),

renamed as (
    select
        run_id,
        environment,
        release_id,

        metric,
        relation,
        measure,
        dimension,
        array_to_string(rules, ', ') as rules,
        severity,
        owner,

        value,
        centre,
        lower as lower_limit,
        upper as upper_limit,
        level,
        strength,

        is_new,
        blocks as is_blocking,

        point_at,
        judged_at
    from source
)

select * from renamed
