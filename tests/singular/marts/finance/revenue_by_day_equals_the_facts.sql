-- The report against the facts, by another way than int_revenue__booked takes: order totals, not lines.
with

reported as (
    select
        revenue_on,
        source_system,
        currency_code,
        gross_amount - discount_amount as sold_amount,
        refund_amount,
        adjustment_amount
    from {{ ref('rpt_revenue_daily') }}
),

from_facts as (
    select
        ordered_on as revenue_on,
        source_system,
        currency_code,
        case when is_revenue then order_amount else 0 end as sold_amount,
        case when order_kind = 'cancellation' then -order_amount else 0 end as refund_amount,
        case when order_kind = 'adjustment' then order_amount else 0 end as adjustment_amount
    from {{ ref('fct_orders') }}
    union all
    -- A line that does another thing than its order: out of what the order does, into what it does itself.
    select
        orders.ordered_on as revenue_on,
        orders.source_system,
        orders.currency_code,
        case
            when orders.is_revenue then -order_items.line_amount
            when order_items.is_revenue then order_items.line_amount
            else 0
        end as sold_amount,
        case
            when orders.order_kind = 'cancellation' then order_items.line_amount
            when order_items.order_kind = 'cancellation' then -order_items.line_amount
            else 0
        end as refund_amount,
        case
            when orders.order_kind = 'adjustment' then -order_items.line_amount
            when order_items.order_kind = 'adjustment' then order_items.line_amount
            else 0
        end as adjustment_amount
    from {{ ref('fct_order_items') }} as order_items
    inner join {{ ref('fct_orders') }} as orders on order_items.order_id = orders.order_id
    where order_items.order_kind <> orders.order_kind
    union all
    select
        refunded_on as revenue_on,
        source_system,
        currency_code,
        0 as sold_amount,
        case when is_revenue then refund_amount else 0 end as refund_amount,
        0 as adjustment_amount
    from {{ ref('fct_refunds') }}
),

differences as (
    select
        revenue_on,
        source_system,
        currency_code,
        sum(sold_amount) as sold_amount,
        sum(refund_amount) as refund_amount,
        sum(adjustment_amount) as adjustment_amount
    from (
        select * from from_facts
        union all
        select
            revenue_on,
            source_system,
            currency_code,
            -sold_amount as sold_amount,
            -refund_amount as refund_amount,
            -adjustment_amount as adjustment_amount
        from reported
    ) as both_sides
    group by revenue_on, source_system, currency_code
)

select * from differences
where abs(sold_amount) >= 0.005 or abs(refund_amount) >= 0.005 or abs(adjustment_amount) >= 0.005
