with

products as (
    select * from {{ ref('int_products__latest') }}
),

final as (
    select
        product_id,
        source_system,
        sku,
        product_name,
        category,
        list_price,
        unit_cost,
        currency_code,
        is_active
    from products
)

select * from final
