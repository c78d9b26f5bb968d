-- One queue per delivered table. Rows wait here, typed, until their day of delivery is written.
-- sort_at, sort_id: the order of a file's rows (sort_id is unique in its table). entity_id: the thing the row is about.
create table queue_customers (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    customer_id bigint, email varchar, full_name varchar, country_code varchar, city varchar,
    signed_up_at timestamp, accepts_marketing boolean, updated_at timestamp
);

create table queue_products (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    product_id bigint, sku varchar, product_name varchar, category varchar, list_price decimal(12, 2),
    unit_cost decimal(12, 2),
    currency_code varchar, is_active boolean, updated_at timestamp
);

create table queue_orders (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    order_id bigint, customer_id bigint, ordered_at timestamp, status varchar, currency_code varchar,
    ship_country_code varchar, shipping_amount decimal(12, 2), discount_amount decimal(12, 2),
    voucher_code varchar, channel varchar, updated_at timestamp
);

create table queue_order_items (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    order_item_id bigint, order_id bigint, product_id bigint, quantity integer, unit_price decimal(12, 2),
    updated_at timestamp
);

create table queue_refunds (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    refund_id bigint, order_id bigint, amount decimal(12, 2), currency_code varchar, reason varchar,
    refunded_at timestamp, updated_at timestamp
);

create table queue_transactions (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    transaction_id varchar, order_id bigint, "type" varchar, amount decimal(12, 2), currency_code varchar,
    fingerprint varchar, brand varchar, bin varchar, issuer_country varchar, response_code varchar, ip_country varchar,
    customer_id bigint, device varchar, created_at timestamp
);

create table queue_disputes (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    dispute_id varchar, transaction_id varchar, reason varchar, status varchar, amount decimal(12, 2),
    currency_code varchar,
    opened_at timestamp, updated_at timestamp
);

create table queue_events (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    visitor_id varchar, customer_id bigint, "type" varchar, occurred_at timestamp, path varchar, referrer varchar,
    product_id bigint, order_id bigint, device_kind varchar, os varchar, country_code varchar, campaign varchar
);

create table queue_rates (
    delivered_on date, sort_at timestamp, sort_id bigint, entity_id bigint,
    rate_on date, base_currency_code varchar, currency_code varchar, rate decimal(18, 8)
);
