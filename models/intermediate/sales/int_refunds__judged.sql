{{ config(
    materialized='incremental',
    incremental_strategy='replace_orders',
    post_hook="{{ mark_revisions_read(this) }}"
) }}

with

refunds as (
    select * from {{ ref('int_refunds__screened') }}
    where {{ is_revised() }}
),

orders as (
    select * from {{ ref('int_orders__judged') }}
    where {{ is_revised() }}
),

accepted_orders as (
    select * from orders
    where refusal_reason is null
),

known_orders as (
    select distinct order_id from orders
),

with_references as (
    select
        refunds.*,
        accepted_orders.ordered_at,
        accepted_orders.customer_id,
        accepted_orders.order_status,
        -- Converted at the rate of the order's day; an amount in another currency than its order's has no such rate.
        case when refunds.currency_code = accepted_orders.currency_code then accepted_orders.currency_rate end
            as currency_rate,
        accepted_orders.reporting_rate,
        known_orders.order_id is not null as is_order_known,
        accepted_orders.order_id is not null as is_order_accepted
    from refunds
    left join known_orders on refunds.order_id = known_orders.order_id
    left join accepted_orders on refunds.order_id = accepted_orders.order_id
),

judged as (
    select
        * exclude (refusal_reason, version_hash),
        case
            when currency_code = '{{ var("reporting_currency") }}' then amount
            else {{ converted_amount('amount', 'currency_rate', 'reporting_rate') | indent(12) }}
        end as amount_reporting,
        coalesce(refusal_reason, {{ first_broken_rule('refunds', 'reference') | indent(8) }}) as refusal_reason
    from with_references
)

select * from judged
