-- Each change of an order is a new version of its row, delivered on the day it changed.
insert into queue_orders
with versions as (
    select
        order_no,
        0 as version_no,
        'placed' as status,
        ordered_at as updated_at
    from chunk_timelines
    union all
    select
        order_no,
        1,
        'payment_failed',
        last_answer_at + interval 1 second
    from chunk_timelines
    where is_unpaid
    union all
    select
        order_no,
        2,
        'paid',
        paid_at
    from chunk_timelines
    where paid_at is not null
    union all
    select
        order_no,
        3,
        'shipped',
        shipped_at
    from chunk_timelines
    where shipped_at is not null
    union all
    select
        order_no,
        4,
        'delivered',
        delivered_at
    from chunk_timelines
    where delivered_at is not null
    union all
    select
        order_no,
        5,
        'cancelled',
        cancelled_at
    from chunk_timelines
    where cancelled_at is not null
)

select
    -- the first version is late together with its lines (same salt, see 11_items.sql)
    late_by('order' || version_no::varchar, versions.order_no, versions.updated_at) as delivered_on,
    versions.updated_at as sort_at,
    versions.order_no * 10 + versions.version_no as sort_id,
    versions.order_no as entity_id,
    1000000 + versions.order_no as order_id,
    10000 + chunk_timelines.customer_no as customer_id,
    chunk_timelines.ordered_at,
    versions.status,
    chunk_timelines.currency_code,
    chunk_timelines.ship_country as ship_country_code,
    chunk_timelines.shipping_amount,
    chunk_timelines.discount_amount,
    chunk_timelines.voucher_code,
    chunk_timelines.channel,
    versions.updated_at
from versions
inner join chunk_timelines on versions.order_no = chunk_timelines.order_no
where versions.updated_at::date <= getvariable('last_on');

-- 1 line in 100 is touched a day or two later (nothing changes but updated_at) and delivered again.
insert into queue_order_items
with versions as (
    select
        *,
        ordered_at as updated_at,
        0 as version_no
    from chunk_items
    union all
    select
        *,
        seconds_after(ordered_at, between_u('touch', item_no, 20000, 180000)) as updated_at,
        1 as version_no
    from chunk_items
    where u('touched', item_no) < 0.01
)

select
    late_by('order' || version_no::varchar, order_no, updated_at) as delivered_on,
    updated_at as sort_at,
    item_no * 2 + version_no as sort_id,
    item_no as entity_id,
    10000000 + item_no as order_item_id,
    1000000 + order_no as order_id,
    product_id,
    quantity,
    unit_price,
    updated_at
from versions
where updated_at::date <= getvariable('last_on');
