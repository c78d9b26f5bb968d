{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

payments as (
    -- The customer is that of the order.
    select * exclude (customer_id) from {{ ref('int_payments__screened') }}
    where {{ is_revised() }}
),

accepted_orders as (
    select
        order_id,
        ordered_at,
        customer_id,
        order_status,
        currency_code,
        currency_rate,
        reporting_rate
    from {{ ref('int_orders__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

refused_orders as (
    select order_id from {{ ref('int_orders__judged') }}
    where refusal_reason is not null and {{ is_revised() }}
),

disputes as (
    select * from {{ ref('int_disputes__screened') }}
    where refusal_reason is null
    qualify row_number() over (partition by payment_id order by updated_at desc, dispute_id asc) = 1
),

with_references as (
    select
        payments.*,
        accepted_orders.ordered_at,
        accepted_orders.customer_id,
        accepted_orders.order_status,
        disputes.reason as dispute_reason,
        disputes.dispute_status,
        disputes.amount as disputed_amount,
        disputes.opened_at as disputed_at,
        -- Converted at the rate of the order's day; an amount in another currency than its order's has no such rate.
        case when payments.currency_code = accepted_orders.currency_code then accepted_orders.currency_rate end
            as currency_rate,
        accepted_orders.reporting_rate,
        accepted_orders.order_id is not null
        or coalesce(payments.order_id in (select refused_orders.order_id from refused_orders), false) as is_order_known,
        accepted_orders.order_id is not null as is_order_accepted
    from payments
    left join accepted_orders on payments.order_id = accepted_orders.order_id
    left join disputes on payments.payment_id = disputes.payment_id
),

judged as (
    select
        * exclude (refusal_reason, version_hash, waived_rules, set_aside_rule, left_order_id),
        case
            when currency_code = '{{ var("reporting_currency") }}' then amount
            else {{ converted_amount('amount', 'currency_rate', 'reporting_rate') | indent(12) }}
        end as amount_reporting,
        coalesce(refusal_reason, {{ first_broken_rule('payments', 'reference') | indent(8) }}) as refusal_reason
    from with_references
)

select * from judged
