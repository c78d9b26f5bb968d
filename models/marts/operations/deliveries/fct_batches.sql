with

batches as (
    select * from {{ ref('stg_ops__batches') }}
),

-- A feed that lands twice a day has two hours at which it is usual; the median of 20 gaps is enough to see one missing.
spaced as (
    select
        *,
        date_diff('second', lag(loaded_at) over batches_of_feed, loaded_at) as gap_seconds
    from batches
    window batches_of_feed as (partition by feed order by loaded_at, batch_id)
),

compared as (
    select
        *,
        count(gap_seconds) over before_it as gap_count,
        median(gap_seconds) over before_it as median_gap_seconds,
        median(rows_read) over before_it as median_rows_read
    from spaced
    window before_it as (
        partition by feed order by loaded_at, batch_id rows between 20 preceding and 1 preceding
    )
),

final as (
    select
        batch_id,
        run_id,
        feed,
        source_system,
        rows_read,
        rows_landed,
        rows_quarantined,
        gap_seconds,
        case when gap_count >= 5 then cast(median_gap_seconds as double) end as usual_gap_seconds,
        case when gap_count >= 5 then cast(median_rows_read as double) end as usual_rows_read,
        loaded_at
    from compared
)

select * from final
