-- Text of each delivered row, from the typed rows that are ready to be written. CSV tables give a list of `fields`,
-- so that a fault can change one of them; JSON tables give the whole `line`. ready_<table> is filled part by part.
create view text_customers as
select
    *,
    [
        customer_id::varchar, csv_text(email), csv_text(full_name), country_code, csv_text(city), signed_up_at::varchar,
        accepts_marketing::varchar, updated_at::varchar
    ] as fields
from ready_customers;

create view text_products as
select
    *,
    [
        product_id::varchar,
        sku,
        csv_text(product_name),
        category,
        list_price::varchar,
        unit_cost::varchar,
        currency_code,
        is_active::varchar, updated_at::varchar
    ] as fields
from ready_products;

create view text_orders as
select
    *,
    [
        order_id::varchar, customer_id::varchar, ordered_at::varchar, status, currency_code, ship_country_code,
        shipping_amount::varchar, discount_amount::varchar, coalesce(voucher_code, ''), channel, updated_at::varchar
    ] as fields
from ready_orders;

create view text_order_items as
select
    *,
    [
        order_item_id::varchar, order_id::varchar, product_id::varchar, quantity::varchar, unit_price::varchar,
        updated_at::varchar
    ] as fields
from ready_order_items;

create view text_refunds as
select
    *,
    [
        refund_id::varchar,
        order_id::varchar,
        amount::varchar,
        currency_code,
        reason,
        refunded_at::varchar,
        updated_at::varchar
    ] as fields
from ready_refunds;

create view text_rates as
select
    *,
    [rate_on::varchar, base_currency_code, currency_code, rate::varchar] as fields
from ready_rates;

create view text_transactions as
select
    *,
    concat(
        '{"transaction_id":"', transaction_id, '","order_id":', order_id, ',"type":"', "type",
        '","amount":{"value":', amount, ',"currency":"', currency_code,
        '"},"card":{"fingerprint":"',
        fingerprint,
        '","brand":"',
        brand,
        '","bin":"',
        bin,
        '","issuer_country":"',
        issuer_country,
        '"},"response_code":"',
        response_code,
        '","ip_country":"',
        ip_country,
        '","buyer":{"customer_id":', customer_id, ',"device":"', device,
        '"},"created_at":"',
        json_time(created_at),
        '"}'
    ) as line
from ready_transactions;

create view text_disputes as
select
    *,
    concat(
        '{"dispute_id":"',
        dispute_id,
        '","transaction_id":"',
        transaction_id,
        '","reason":"',
        reason,
        '","status":"',
        status,
        '","amount":{"value":', amount, ',"currency":"', currency_code,
        '"},"opened_at":"', json_time(opened_at), '","updated_at":"', json_time(updated_at), '"}'
    ) as line
from ready_disputes;

-- the event's uuid (version 4 in form) is made here, where it is needed only once
create view text_events as
select
    *,
    concat(
        '{"event_id":"', event_uuid(sort_id), '","visitor_id":"', visitor_id,
        '","customer_id":', coalesce(customer_id::varchar, 'null'), ',"type":"', "type",
        '","occurred_at":"', strftime(occurred_at, '%Y-%m-%dT%H:%M:%S.%gZ'),
        '","page":{"path":"', path, '","referrer":', json_text(referrer),
        '},"product_id":', coalesce(product_id::varchar, 'null'), ',"order_id":', coalesce(order_id::varchar, 'null'),
        ',"device":{"kind":"', device_kind, '","os":"', os, '"},"country_code":"', country_code,
        '","campaign":', json_text(campaign), '}'
    ) as line
from ready_events;
