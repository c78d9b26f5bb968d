with

phases as (
    select * from {{ ref('stg_history__phases') }}
),

-- Who marks the same moment again says why better; that it is one phase stays.
placed as (
    select
        *,
        row_number() over (partition by metric, since_at order by marked_at desc, reason desc) as place,
        count(*) over (partition by metric, since_at) as marking_count
    from phases
),

final as (
    select
        metric,
        since_at,
        lead(since_at) over (partition by metric order by since_at) as until_at,
        cast(row_number() over (partition by metric order by since_at) as bigint) as phase_number,
        reason,
        marked_by,
        marking_count,
        marked_at
    from placed
    where place = 1
)

select * from final
