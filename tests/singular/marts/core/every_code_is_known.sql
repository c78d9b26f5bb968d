-- Warns, with each product whose code is written as hardly any other of its source is: POST among 85123A and 22423 may
-- be postage, a fee or a test that is taken for goods. What it is belongs into the seed service_codes; `product` there
-- says that it is one.
{{ config(severity='warn') }}

with

products as (
    select
        *,
        -- 85123A is 9A: how a code is written, whatever its length.
        regexp_replace(regexp_replace(upper(trim(sku)), '[A-Z]+', 'A', 'g'), '[0-9]+', '9', 'g') as sku_shape
    from {{ ref('dim_products') }}
),

known_products as (
    select * from {{ ref('service_codes') }}
    where line_kind = 'product'
),

counted as (
    select
        *,
        count(*) over (partition by source_system) as product_count,
        count(*) over (partition by source_system, sku_shape) as shape_count
    from products
),

-- Codes of a source that writes all of them in ways of their own say nothing.
rare as (
    select
        *,
        count(*) over (partition by source_system) as rare_count
    from counted
    where product_count >= 50 and shape_count < 0.01 * product_count
)

select
    rare.product_id,
    rare.sku,
    rare.product_name
from rare
left join known_products
    on
        rare.source_system = known_products.source_system
        and upper(trim(rare.sku)) like known_products.code_pattern escape '\'
where rare.rare_count < 0.05 * rare.product_count and known_products.code_pattern is null
