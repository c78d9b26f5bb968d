-- Each version of a product: as known on the first day, launched, repriced, discontinued.
insert into queue_products
with versions as (
    select
        *,
        case when launched_day = 0 then first_price_day else launched_day end as version_day,
        6 * launched_day::boolean::integer as at_hour,
        true as is_active
    from products
    union all by name
    select
        products.*,
        product_prices.from_day as version_day,
        0 as at_hour,
        true as is_active
    from products
    inner join product_prices on products.product_no = product_prices.product_no
    where product_prices.from_day > products.launched_day and product_prices.from_day < products.stopped_day
    union all by name
    select
        *,
        stopped_day as version_day,
        18 as at_hour,
        false as is_active
    from products
    where stopped_day > launched_day
),

priced as (
    select
        versions.*,
        product_prices.list_price,
        (getvariable('start_on') + versions.version_day::integer)::timestamp + to_hours(versions.at_hour) as updated_at
    from versions
    inner join product_prices
        on
            versions.product_no = product_prices.product_no
            and product_prices.price_no = (versions.version_day - versions.first_price_day) // versions.price_days
    where versions.version_day < getvariable('days')
)

select
    greatest(updated_at::date, getvariable('start_on')) as delivered_on,
    updated_at as sort_at,
    product_no * 100000 + (version_day + 1000) * 24 + at_hour as sort_id,
    product_id as entity_id,
    product_id,
    sku,
    product_name,
    category,
    list_price,
    unit_cost,
    'EUR' as currency_code,
    is_active,
    updated_at
from priced;
