-- Warns: a clearance sale is not a mistake, but price and cost that have changed places look just like one.
{{ config(severity='warn') }}

select
    product_id,
    list_price,
    unit_cost
from {{ ref('dim_products') }}
where list_price < unit_cost
