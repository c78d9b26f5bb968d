{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

refunds as (
    select * from {{ ref('int_refunds__screened') }}
    where {{ is_revised() }}
),

orders as (
    select order_id from {{ ref('int_orders__judged') }}
    where {{ is_revised() }}
),

-- DuckDB would write orders to disk, as several parts share them.
accepted_orders as (
    select * from {{ ref('int_orders__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

-- What an order amounted to is known once all its lines are in; a copy that was set aside is not a missing line.
amounts as (
    select
        order_id,
        sum(line_amount) filter (where refusal_reason is null) as order_amount
    from {{ ref('int_order_items__judged') }}
    where {{ is_revised() }}
    group by order_id
    having bool_and(coalesce(refusal_reason, 'exact_duplicate') = 'exact_duplicate')
),

-- A refund that is too large by itself does not count against the others.
compared as (
    select
        refunds.*,
        case when refunds.currency_code = accepted_orders.currency_code then amounts.order_amount end as order_amount,
        coalesce(
            sum(case when refunds.amount <= amounts.order_amount then refunds.amount end) over (
                partition by refunds.order_id, refunds.refusal_reason is null
                order by refunds.refunded_at asc, refunds.refund_id asc
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as refunded_before
    from refunds
    left join accepted_orders on refunds.order_id = accepted_orders.order_id
    left join amounts on refunds.order_id = amounts.order_id
),

with_references as (
    select
        compared.*,
        accepted_orders.ordered_at,
        accepted_orders.customer_id,
        accepted_orders.order_status,
        -- Converted at the rate of the order's day; an amount in another currency than its order's has no such rate.
        case when compared.currency_code = accepted_orders.currency_code then accepted_orders.currency_rate end
            as currency_rate,
        accepted_orders.reporting_rate,
        coalesce(compared.order_id in (select orders.order_id from orders), false) as is_order_known,
        accepted_orders.order_id is not null as is_order_accepted
    from compared
    left join accepted_orders on compared.order_id = accepted_orders.order_id
),

judged as (
    select
        * exclude (
            refusal_reason, version_hash, waived_rules, set_aside_rule, left_order_id, order_amount, refunded_before
        ),
        case
            when currency_code = '{{ var("reporting_currency") }}' then amount
            else {{ converted_amount('amount', 'currency_rate', 'reporting_rate') | indent(12) }}
        end as amount_reporting,
        coalesce(refusal_reason, {{ first_broken_rule('refunds', 'reference') | indent(8) }}) as refusal_reason
    from with_references
)

select * from judged
