with

versions as (
    select * from {{ ref('int_products__versioned') }}
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
        is_active,
        valid_from,
        valid_to,
        is_current
    from versions
)

select * from final
