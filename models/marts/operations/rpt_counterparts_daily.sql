with

orders as (
    select * from {{ ref('fct_orders') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
    where order_id is not null
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

refunding_payments as (
    select * from {{ ref('fct_payments') }}
    where payment_type = 'refunded' and order_id is not null
),

rates as (
    select * from {{ ref('int_rates__daily') }}
),

country_names as (
    select * from {{ ref('country_names') }}
    where country_code is not null
),

linked as (
    select
        source_system,
        'order to visit' as link,
        ordered_on as day_on,
        order_id in (select sessions.order_id from sessions) as has_counterpart
    from orders
    where order_kind = 'sale' and channel in ('web', 'app')
    union all
    select
        source_system,
        'visit to order' as link,
        started_on as day_on,
        order_id in (select orders.order_id from orders) as has_counterpart
    from sessions
    union all
    select
        source_system,
        'refund to payment' as link,
        refunded_on as day_on,
        order_id in (select refunding_payments.order_id from refunding_payments) as has_counterpart
    from refunds
    union all
    select
        source_system,
        'order to rate of the day' as link,
        ordered_on as day_on,
        (currency_code, ordered_on) in (select (rates.currency_code, rates.rate_on) from rates) as has_counterpart
    from orders
    where currency_code <> '{{ var("reporting_currency") }}'
    union all
    select
        source_system,
        'order to country' as link,
        ordered_on as day_on,
        ship_country_code in (select country_names.country_code from country_names) as has_counterpart
    from orders
    where order_kind = 'sale' and ship_country_code is not null
),

counted as (
    select
        source_system,
        link,
        day_on,
        count(*) as row_count,
        count(*) filter (where not has_counterpart) as missing_count
    from linked
    group by source_system, link, day_on
),

-- A shop without a site has no visits to look for, one with its own codes of countries nothing in the list.
final as (
    select * from counted
    qualify sum(row_count - missing_count) over (partition by source_system, link) > 0
)

select * from final
