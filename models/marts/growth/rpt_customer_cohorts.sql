with

orders as (
    select * from {{ ref('fct_orders') }}
),

dated as (
    select
        *,
        cast(date_trunc('month', ordered_on) as date) as ordered_month,
        cast(
            date_trunc('month', min(ordered_on) over (partition by source_system, customer_id)) as date
        ) as cohort_month
    from orders
    where is_revenue and customer_id is not null
),

cohorts as (
    select
        source_system,
        cohort_month,
        count(distinct customer_id) as cohort_customer_count
    from dated
    group by source_system, cohort_month
),

-- Up to the last month in which the source has orders: a month in which nobody came back is a zero and not a gap.
spans as (
    select
        source_system,
        max(ordered_month) as last_month
    from dated
    group by source_system
),

grid as (
    select
        cohorts.*,
        {{ numbers_up_to(months_between('cohort_month', 'last_month')) }} as months_since
    from cohorts
    inner join spans on cohorts.source_system = spans.source_system
),

activity as (
    select
        source_system,
        cohort_month,
        {{ months_between('cohort_month', 'ordered_month') }} as months_since,
        count(distinct customer_id) as customer_count,
        count(*) as order_count,
        -- null only where no order of the month has a rate: an unknown amount is not 0
        sum(order_amount_reporting) as revenue_reporting,
        count(*) filter (where order_amount_reporting is null) as order_count_without_rate
    from dated
    group by all
),

final as (
    select
        grid.source_system,
        grid.cohort_month,
        cast(grid.months_since as integer) as months_since,
        cast(grid.cohort_customer_count as bigint) as cohort_customer_count,
        cast(coalesce(activity.customer_count, 0) as bigint) as customer_count,
        {{ share('coalesce(activity.customer_count, 0)', 'grid.cohort_customer_count') }} as retained_share,
        cast(coalesce(activity.order_count, 0) as bigint) as order_count,
        cast(
            case when activity.order_count is null then 0 else activity.revenue_reporting end as decimal(18, 4)
        ) as revenue_reporting,
        cast(coalesce(activity.order_count_without_rate, 0) as bigint) as order_count_without_rate
    from grid
    left join activity
        on
            grid.source_system = activity.source_system
            and grid.cohort_month = activity.cohort_month
            and grid.months_since = activity.months_since
)

select * from final
