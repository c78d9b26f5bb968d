with

profiled as (
    select * from {{ ref('rpt_feed_day_profiles') }}
),

-- What was usual on the last 28 days that have rows, before this one: the middle, and how far the middle half spreads.
with_usual as (
    select
        *,
        measure like '%\_share' escape '\' as is_share,
        count(measured_value) over before_it as earlier_day_count,
        median(measured_value) over before_it as typical_value,
        quantile_cont(measured_value, 0.75) over before_it as upper_value,
        quantile_cont(measured_value, 0.25) over before_it as lower_value,
        row_number() over (partition by source_system, entity, measure order by day_on desc) as days_back
    from profiled
    window before_it as (
        partition by source_system, entity, measure
        order by day_on rows between 28 preceding and 1 preceding
    )
),

-- Shares differ by points, other measures by ratios. What is usual is at least what chance does to so few rows.
compared as (
    select
        *,
        case
            when is_share then abs(measured_value - typical_value)
            when measured_value > 0 and typical_value > 0 then abs(ln(measured_value / typical_value))
        end as difference,
        case
            when is_share
                then greatest(
                    (upper_value - lower_value) / 1.349,
                    sqrt(typical_value * (1 - typical_value) / row_count),
                    1.0 / row_count
                )
            when lower_value > 0
                then greatest(ln(upper_value / lower_value) / 1.349, 1.25 / sqrt(row_count))
        end as usual_difference
    from with_usual
),

limited as (
    select
        *,
        earlier_day_count >= {{ var('profile_least_days') }}
        and row_count >= {{ var('profile_least_rows') }} as is_judged,
        case when is_share then {{ var('profile_share_limit') }} else {{ ratio_limit() }} end as least_difference
    from compared
),

judged as (
    select
        *,
        case
            when is_judged
                then {{ anomaly('difference', 'usual_difference', var('profile_deviations'), 'least_difference') }}
        end as anomaly_score
    from limited
),

final as (
    select
        source_system,
        entity,
        day_on,
        measure,
        row_count,
        measured_value,
        typical_value,
        anomaly_score,
        case when days_back <= {{ var('profile_recent_days') }} then anomaly_score end as recent_anomaly_score
    from judged
)

select * from final
