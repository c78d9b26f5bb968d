-- What people buy: for every 28 days, 8,192 (or more) equally likely slots, each holding a product. A long tail
-- (1 / rank) shifted by season and category; a product is on sale from the period after its launch until it stops.
create table product_slots as
with periods as (
    select
        period_no::integer as period_no,
        month((getvariable('start_on') + (period_no * 28 + 14)::integer)::date) as month_no
    from range((getvariable('days') + 27) // 28) as r (period_no)
),

wanted as (
    select
        periods.period_no,
        products.product_no,
        greatest(round(
            1000000.0 / pow(products.popularity_rank + 2, 0.95)
            * case products.category
                when 'Garden' then ([0.3, 0.4, 0.9, 1.6, 2.0, 1.9, 1.6, 1.2, 0.8, 0.5, 0.3, 0.3])[periods.month_no]
                when 'Toys' then ([0.7, 0.7, 0.8, 0.8, 0.8, 0.9, 0.8, 0.8, 0.9, 1.1, 1.9, 2.6])[periods.month_no]
                when 'Electronics' then ([1.0, 0.8, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.0, 1.8, 1.6])[periods.month_no]
                when 'Sports' then ([1.6, 1.2, 1.1, 1.1, 1.1, 1.0, 0.9, 0.9, 1.0, 0.9, 0.8, 0.9])[periods.month_no]
                else 1.0
            end
        ), 1)::hugeint as weight
    from periods
    inner join products
        on
            products.launched_day <= periods.period_no * 28
            and products.stopped_day >= (periods.period_no + 1) * 28
),

summed as (
    select
        *,
        sum(weight) over (partition by period_no order by product_no) as upto,
        sum(weight) over (partition by period_no) as total
    from wanted
),

ranged as (
    select
        period_no,
        product_no,
        (getvariable('slots') * (upto - weight) // total)::bigint as from_slot,
        (getvariable('slots') * upto // total)::bigint as to_slot
    from summed
),

normal as (
    select
        period_no,
        0 as lane,
        unnest(range(from_slot, to_slot)) as slot,
        product_no
    from ranged
),

-- card testers want the cheapest goods, thieves the dearest: 16 products each
by_price as (
    select
        wanted.period_no,
        wanted.product_no,
        row_number() over (
            partition by wanted.period_no order by products.base_price asc, products.product_no asc
        ) - 1 as cheap_slot,
        row_number() over (
            partition by wanted.period_no order by products.base_price desc, products.product_no asc
        ) - 1 as dear_slot
    from wanted
    inner join products on wanted.product_no = products.product_no
),

laned as (
    select * from normal
    union all
    select
        period_no,
        1,
        cheap_slot,
        product_no
    from by_price
    where cheap_slot < 16
    union all
    select
        period_no,
        2,
        dear_slot,
        product_no
    from by_price
    where dear_slot < 16
)

select
    laned.period_no,
    laned.lane,
    laned.slot,
    products.product_no,
    products.product_id,
    products.category_no,
    products.first_price_day,
    products.price_days
from laned
inner join products on laned.product_no = products.product_no;
