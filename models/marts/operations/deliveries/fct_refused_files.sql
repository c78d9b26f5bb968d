with

refusals as (
    select * from {{ ref('stg_history__refusals') }}
),

numbered as (
    select
        run_id,
        feed,
        source_file,
        cast(
            row_number() over (partition by run_id, feed, source_file order by refused_at) as bigint
        ) as refusal_number,
        source_system,
        reason,
        refused_at
    from refusals
)

select * from numbered
