with

day_values as (
    select * from {{ ref('rpt_feed_day_values') }}
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
    from day_values
),

spans as (
    select
        source_system,
        entity,
        min(day_on) as first_on
    from counted
    group by source_system, entity
),

-- The last day on which anything happened in any of the sources: an entity that ends before it has days without rows.
-- An entity that has been silent for longer than a month has ended; it is not missed every day.
last_days as (
    select max(day_on) as last_on
    from counted
),

every_day as (
    select
        spans.source_system,
        spans.entity,
        dates.date_on as day_on,
        dates.iso_weekday_number,
        coalesce(counted.row_count, 0) as row_count
    from spans
    cross join last_days
    inner join dates on dates.date_on between spans.first_on and last_days.last_on
    left join counted
        on
            spans.source_system = counted.source_system
            and spans.entity = counted.entity
            and dates.date_on = counted.day_on
),

-- The same weekday of the weeks before where there are three of them, else the two weeks before.
with_usual as (
    select
        *,
        count(*) over same_weekday as weekday_count,
        median(row_count) over same_weekday as weekday_row_count,
        count(*) over before_it as earlier_day_count,
        median(row_count) over before_it as fortnight_row_count
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
            when earlier_day_count >= 7 then fortnight_row_count
        end as typical_row_count
    from with_usual
),

-- A shop that is closed is closed to all: a day counts as open where another entity was about as busy as usual.
with_others as (
    select
        *,
        coalesce(
            max(case when typical_row_count > 0 then row_count / cast(typical_row_count as double) end) over (
                partition by day_on
            ),
            0
        ) >= 0.5 as is_open,
        day_on > max(day_on) over () - {{ var('profile_recent_days') }} as is_recent
    from compared
),

final as (
    select
        source_system,
        entity,
        day_on,
        cast(row_count as bigint) as row_count,
        cast(typical_row_count as double) as typical_row_count,
        case
            when typical_row_count >= {{ var('profile_least_rows') }} then row_count / cast(typical_row_count as double)
        end as ratio_to_typical,
        is_open,
        is_recent
    from with_others
)

select * from final
