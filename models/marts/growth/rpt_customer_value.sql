with

orders as (
    select * from {{ ref('fct_orders') }}
),

segments as (
    select * from {{ ref('customer_segments') }}
),

-- The last day of the data, not today: the same data give the same report whenever it is built.
measured as (
    select
        source_system,
        customer_id,
        min(ordered_on) as first_ordered_on,
        max(ordered_on) as last_ordered_on,
        max(max(ordered_on)) over (partition by source_system) as as_of_on,
        count(*) as order_count,
        count(*) filter (where order_amount_reporting is null) as order_count_without_rate,
        sum(order_amount_reporting) as amount_reporting
    from orders
    where is_revenue and customer_id is not null
    group by source_system, customer_id
),

-- Fifths of the customers of one source system; ties are broken by the other measures, then by the id.
scored as (
    select
        *,
        {{ whole_days_between('last_ordered_on', 'as_of_on') }} as recency_days,
        ntile(5) over (
            partition by source_system
            order by last_ordered_on, order_count, amount_reporting nulls first, customer_id
        ) as recency_score,
        ntile(5) over (
            partition by source_system
            order by order_count, amount_reporting nulls first, last_ordered_on, customer_id
        ) as frequency_score,
        -- no amount, no score
        case
            when amount_reporting is not null
                then ntile(5) over (
                    partition by source_system, amount_reporting is null
                    order by amount_reporting, order_count, last_ordered_on, customer_id
                )
        end as money_score
    from measured
),

-- The first rule that fits. Every pair of scores fits one that asks for no money: no rate, yet a segment.
fitting as (
    select
        scored.*,
        segments.segment,
        row_number() over (partition by scored.customer_id order by segments.rule_number) as fit_number
    from scored
    inner join segments
        on
            scored.recency_score between segments.recency_score_from and segments.recency_score_to
            and scored.frequency_score between segments.frequency_score_from and segments.frequency_score_to
            and (segments.money_score_from is null or scored.money_score >= segments.money_score_from)
),

final as (
    select
        customer_id,
        source_system,
        as_of_on,
        first_ordered_on,
        last_ordered_on,
        cast(recency_days as integer) as recency_days,
        cast(order_count as bigint) as order_count,
        cast(amount_reporting as decimal(18, 4)) as amount_reporting,
        cast(order_count_without_rate as bigint) as order_count_without_rate,
        cast(recency_score as integer) as recency_score,
        cast(frequency_score as integer) as frequency_score,
        cast(money_score as integer) as money_score,
        segment
    from fitting
    where fit_number = 1
)

select * from final
