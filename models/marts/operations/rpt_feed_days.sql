with

profiled as (
    select * from {{ ref('rpt_feed_day_profiles') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

counted as (
    select distinct
        source_system,
        entity,
        day_on,
        row_count
    from profiled
),

-- To the last day on which anything happened in any source: an entity that ends before it has days without rows.
spans as (
    select
        source_system,
        entity,
        min(day_on) as first_on,
        max(max(day_on)) over () as last_on
    from counted
    group by source_system, entity
),

every_day as (
    select
        spans.source_system,
        spans.entity,
        dates.date_on as day_on,
        dates.iso_weekday_number,
        coalesce(counted.row_count, 0) as row_count
    from spans
    inner join dates on dates.date_on between spans.first_on and spans.last_on
    left join counted
        on
            spans.source_system = counted.source_system
            and spans.entity = counted.entity
            and dates.date_on = counted.day_on
),

-- The same weekday of the weeks before where there are three of them, else the two weeks before; days without rows do
-- not count, so a holiday is not what is usual, and an entity that has ended is not missed forever.
with_usual as (
    select
        *,
        count(nullif(row_count, 0)) over same_weekday as weekday_count,
        median(nullif(row_count, 0)) over same_weekday as weekday_row_count,
        count(nullif(row_count, 0)) over before_it as earlier_day_count,
        median(nullif(row_count, 0)) over before_it as fortnight_row_count
    from every_day
    window
        same_weekday as (
            partition by source_system, entity, iso_weekday_number
            order by day_on rows between 4 preceding and 1 preceding
        ),
        before_it as (
            partition by source_system, entity
            order by day_on rows between 14 preceding and 1 preceding
        )
),

compared as (
    select
        *,
        case
            when weekday_count >= 3 then weekday_row_count
            when earlier_day_count >= {{ var('profile_least_days') }} then fortnight_row_count
        end as typical_row_count,
        row_count / cast(typical_row_count as double) as ratio_to_typical,
        case when row_count > 0 then ln(ratio_to_typical) end as log_ratio
    from with_usual
),

-- How far the ratios of the four weeks before spread, and at least what chance does to so few rows. A shop that is
-- closed is closed to all: a day counts as open where another entity was about as busy as usual.
with_spread as (
    select
        *,
        count(log_ratio) over before_it as ratio_count,
        greatest(
            (quantile_cont(log_ratio, 0.75) over before_it - quantile_cont(log_ratio, 0.25) over before_it) / 1.349,
            1 / sqrt(typical_row_count)
        ) as usual_spread,
        coalesce(max(ratio_to_typical) over (partition by day_on), 0) >= 0.5 as is_open
    from compared
    window before_it as (
        partition by source_system, entity
        order by day_on rows between 28 preceding and 1 preceding
    )
),

final as (
    select
        source_system,
        entity,
        day_on,
        cast(row_count as bigint) as row_count,
        cast(typical_row_count as double) as typical_row_count,
        round(ratio_to_typical, 3) as ratio_to_typical,
        case
            when
                ratio_count >= 2 * {{ var('profile_least_days') }}
                and typical_row_count >= {{ var('profile_least_rows_a_day') }}
                then {{ anomaly('abs(log_ratio)', 'usual_spread', var('profile_volume_deviations'), ratio_limit()) }}
        end as anomaly_score,
        -- Counted from the last open day: a few rows that lie in the future do not make today long ago.
        case when {{ is_recent_day() }} then anomaly_score end as recent_anomaly_score,
        is_open,
        row_count = 0 and is_open and coalesce(typical_row_count, 0) >= {{ var('profile_least_rows') }} as is_missing,
        is_missing and {{ is_recent_day() }} as is_missing_recently
    from with_spread
)

select * from final
