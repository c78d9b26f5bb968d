{#- What a day of each entity looks like, as one would see it at a glance. -#}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

-- The currency that a source sells most in. Where amounts have no rate, those in it are looked at as they are.
main_currencies as (
    select
        source_system,
        mode(currency_code) as main_currency_code
    from orders
    group by source_system
),

order_items as (
    select
        order_items.*,
        main_currencies.main_currency_code
    from {{ ref('fct_order_items') }} as order_items
    left join main_currencies on order_items.source_system = main_currencies.source_system
),

payments as (
    select * from {{ ref('fct_payments') }}
),

customers as (
    select
        *,
        cast(signed_up_at as date) as signed_up_on
    from {{ ref('dim_customers') }}
),

known_countries as (
    select distinct country_code from {{ ref('country_names') }}
),

placed_orders as (
    select
        orders.*,
        main_currencies.main_currency_code,
        orders.ship_country_code is not null and known_countries.country_code is null as is_country_unknown
    from orders
    left join main_currencies on orders.source_system = main_currencies.source_system
    left join known_countries on orders.ship_country_code = known_countries.country_code
),

profiled as (
    {{ profiled_days('orders', 'placed_orders', 'ordered_on', {
        'missing_country_share': share_where('ship_country_code is null'),
        'unknown_country_share': share_where('is_country_unknown'),
        'unknown_status_share': share_where('order_status is not null and ' ~ status_rank('order_status') ~ ' is null'),
        'missing_lines_share': share_where('line_count = 0'),
        'voucher_share': share_where('voucher_code is not null'),
        'discounted_share': share_where('discount_amount > 0'),
        'cancelled_share': share_where("order_status = 'cancelled'"),
        'other_currency_share': share_where('currency_code <> main_currency_code'),
        'distinct_time_share': 'count(distinct ordered_at) / cast(count(*) as double)',
        'median_order_amount': 'median(coalesce(order_amount_reporting, order_amount)) filter (where order_amount > 0)',
        'mean_shipping_amount': 'avg(shipping_amount) filter (where currency_code = main_currency_code)',
    }, "order_kind = 'sale'") | indent(4) }}
    union all
    {{ profiled_days('order_items', 'order_items', 'ordered_on', {
        'median_unit_price': 'median(unit_price) filter (where currency_code = main_currency_code)',
        'whole_price_share': share_where('unit_price = floor(unit_price)'),
        'middle_quantity': 'median(quantity)',
        'lines_per_order': 'count(*) / cast(count(distinct order_id) as double)',
    }, "line_kind = 'product' and order_kind = 'sale'") | indent(4) }}
    union all
    -- Declined attempts stand apart: somebody who tries stolen cards makes hundreds of them, and they are true.
    {{ profiled_days('payment_attempts', 'payments', 'created_on', {
        'declined_share': share_where("payment_type = 'declined'"),
    }) | indent(4) }}
    union all
    {{ profiled_days('payments', 'payments', 'created_on', {
        'captured_share': share_where("payment_type = 'captured'"),
        'other_currency_share': share_where("currency_code <> '" ~ var('reporting_currency') ~ "'"),
        'whole_card_bin_share': share_where('length(card_bin) >= 6'),
        'distinct_card_share': 'count(distinct card_fingerprint) / cast(count(*) as double)',
        'distinct_time_share': 'count(distinct created_at) / cast(count(*) as double)',
        'middle_payment_amount': 'median(coalesce(payment_amount_reporting, payment_amount))',
    }, "payment_type <> 'declined'") | indent(4) }}
    union all
    {{ profiled_days('refunds', ref('fct_refunds'), 'refunded_on', {
        'middle_refund_amount': 'median(coalesce(refund_amount_reporting, refund_amount))',
    }) | indent(4) }}
    union all
    {{ profiled_days('reconciled_orders', ref('rpt_payment_reconciliation'), 'ordered_on', {
        'over_captured_share': share_where("verdict in ('over_captured', 'double_capture', 'captured_not_due')"),
        'under_captured_share': share_where("verdict = 'under_captured'"),
        'missing_capture_share': share_where("verdict = 'missing_capture'"),
        'other_currency_share': share_where("verdict = 'other_currency'"),
        'refund_differs_share': share_where("verdict = 'refund_differs'"),
    }) | indent(4) }}
    union all
    {{ profiled_days('sessions', ref('fct_sessions'), 'started_on', {
        'events_per_session': 'avg(event_count)',
        'known_customer_share': share_where('customer_id is not null'),
        'bounce_share': share_where('is_bounce'),
        'product_view_share': share_where('product_view_count > 0'),
        'mobile_share': share_where("device_kind = 'mobile'"),
        'distinct_time_share': 'count(distinct started_at) / cast(count(*) as double)',
        'night_share': share_where('extract(hour from started_at) < 6'),
        'mean_hour': 'avg(extract(hour from started_at))',
    }, 'not is_bot') | indent(4) }}
    union all
    {{ profiled_days('customers', 'customers', 'signed_up_on', {
        'missing_email_share': share_where('email is null'),
        'email_like_share': share_where("email like '%_@_%'"),
        'distinct_email_share': 'count(distinct email) / cast(count(*) as double)',
        'marketing_share': share_where('accepts_marketing'),
    }) | indent(4) }}
)

select * from profiled
