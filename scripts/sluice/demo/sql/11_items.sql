-- What was ordered, at the list price of the day converted at the day's rate; then each order's total, to the cent.
create or replace temp table chunk_items as
with lines as (
    select
        order_no,
        day_no,
        fraud,
        lane,
        currency_code,
        ordered_at,
        unnest(range(n_items)) as line_no
    from chunk_people
),

drawn as (
    select
        *,
        order_no * 10 + line_no as item_no,
        floor(u('goods', order_no * 10 + line_no) * if(lane = 0, getvariable('slots'), 16))::bigint as slot,
        day_no // 28 as period_no
    from lines
),

chosen as (
    select
        drawn.*,
        product_slots.product_no,
        product_slots.product_id,
        (drawn.day_no - product_slots.first_price_day) // product_slots.price_days as price_no,
        case
            when drawn.fraud = 'testing' then 1
            when drawn.fraud = 'stolen' then between_u('quantity', drawn.item_no, 1, 3)
            else least(1 + floor(-0.42 * ln(1 - u('quantity', drawn.item_no))), 9)
        end::integer as quantity
    from drawn
    inner join product_slots
        on
            drawn.period_no = product_slots.period_no
            and drawn.lane = product_slots.lane
            and drawn.slot = product_slots.slot
)

select
    chosen.order_no,
    chosen.item_no,
    chosen.line_no,
    chosen.product_id,
    chosen.quantity,
    chosen.ordered_at,
    day_rates.rate,
    round(product_prices.list_price * day_rates.rate, 2)::decimal(12, 2) as unit_price
from chosen
inner join product_prices
    on chosen.product_no = product_prices.product_no and chosen.price_no = product_prices.price_no
inner join day_rates
    on chosen.day_no = day_rates.day_no and chosen.currency_code = day_rates.currency_code;

create or replace temp table chunk_orders as
with summed as (
    select
        order_no,
        sum(quantity * unit_price)::decimal(12, 2) as subtotal,
        any_value(rate) as rate,
        list(product_id order by line_no) as product_ids
    from chunk_items
    group by order_no
),

charged as (
    select
        chunk_people.*,
        summed.subtotal,
        summed.product_ids,
        case
            when summed.subtotal < 49 * summed.rate then round(4.90 * summed.rate, 2) else 0
        end::decimal(12, 2) as shipping_amount,
        case chunk_people.voucher_code
            when 'SPRING15' then round(summed.subtotal * 0.15, 2)
            when 'VIP20' then round(summed.subtotal * 0.20, 2)
            when 'WELCOME10' then round(summed.subtotal * 0.10, 2)
            when 'APP10' then round(summed.subtotal * 0.10, 2)
            else 0
        end::decimal(12, 2) as discount_amount
    from chunk_people
    inner join summed on chunk_people.order_no = summed.order_no
)

select
    *,
    (subtotal - discount_amount + shipping_amount)::decimal(12, 2) as total
from charged;
