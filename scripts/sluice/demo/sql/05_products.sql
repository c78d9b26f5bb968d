-- The catalogue. How many: grows with the shop, far more slowly than its orders. A product changes its price every
-- 40 to 200 days at midnight; some start later, a few are discontinued.
create table products as
with drawn as (
    select
        n::bigint as product_no,
        1001 + n::bigint as product_id,
        ([0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5])[1 + (h('category', n) % 12)::integer]::integer as category_no,
        row_number() over (order by h('rank', n)) as popularity_rank,
        between_u('interval', n, 40, 200) as price_days,
        exp(0.75 * gauss('price', n)) as spread,
        if(u('launch', n) < 0.12, between_u('launched', n, 1, getvariable('days')), 0) as launched_day,
        case when u('stop', n) < 0.03 then between_u('stopped', n, 10, 400) else 100000 end as stopped_day
    from range(least(20000, 60 + floor(6 * pow(getvariable('orders'), 0.5)))::bigint) as r (n)
),

named as (
    select
        *,
        (['Kitchen', 'Home', 'Garden', 'Electronics', 'Sports', 'Toys'])[category_no + 1] as category,
        -between_u('phase', product_no, 0, 39) as first_price_day,
        ([22.0, 35.0, 28.0, 120.0, 45.0, 18.0])[category_no + 1] * spread as base_price,
        pick(
            ['Nordic', 'Alpine', 'Classic', 'Urban', 'Eco', 'Pro', 'Mini', 'Grand'], u('line', product_no)
        ) as line_name,
        pick(
            [
                ['Pan, 24 cm', 'Knife', 'Kettle', 'Bowl', 'Mug', 'Teapot, 1 l'],
                ['Lamp', 'Cushion', 'Blanket', 'Mirror', 'Frame', 'Shelf'],
                ['Hose', 'Planter', 'Rake', 'Lantern', 'Chair', 'Parasol'],
                ['Headphones', 'Speaker', 'Monitor 27"', 'Charger', 'Camera', 'Keyboard'],
                ['Mat', 'Bottle', 'Racket', 'Helmet', 'Dumbbell', 'Backpack'],
                ['Puzzle', 'Blocks', 'Kite', 'Card Game', 'Train', 'Doll']
            ][category_no + 1],
            u('thing', product_no)
        ) as thing
    from drawn
)

select
    product_no,
    product_id,
    upper(left(category, 3)) || '-' || lpad(product_no::varchar, 6, '0') as sku,
    line_name || ' ' || thing || ' ' || (100 + product_no)::varchar as product_name,
    category,
    category_no,
    popularity_rank,
    price_days,
    first_price_day,
    base_price,
    round(base_price * (0.35 + 0.3 * u('cost', product_no)), 2)::decimal(12, 2) as unit_cost,
    launched_day,
    stopped_day
from named;

create table product_prices as
with changes as (
    select
        *,
        unnest(range((getvariable('days') - first_price_day) // price_days + 1)) as price_no
    from products
)

select
    product_no,
    price_no,
    first_price_day + price_no * price_days as from_day,
    (
        greatest(floor(base_price * (1 + 0.12 * (2 * u('change', product_no * 1000 + price_no) - 1))), 1)
        + pick([0.99, 0.99, 0.95, 0.50, 0.00], u('ending', product_no * 1000 + price_no))
    )::decimal(12, 2) as list_price
from changes;
