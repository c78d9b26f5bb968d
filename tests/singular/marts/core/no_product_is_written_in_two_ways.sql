-- Warns, with each product that is there twice because its code is written in capitals and in small letters, or with
-- blanks: its sales are split. Staging is where one way of writing is chosen (upper, trim).
{{ config(severity='warn') }}

select
    source_system,
    upper(trim(sku)) as sku,
    count(*) as product_count,
    min(product_id) as one_product_id,
    max(product_id) as other_product_id
from {{ ref('dim_products') }}
group by source_system, upper(trim(sku))
having count(*) > 1 and count(distinct sku) > 1
