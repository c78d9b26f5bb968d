with

source as (
    select * from {{ source('shop', 'products') }}
),

renamed as (
    select
        'shop' as source_system,
        'shop:' || product_id as product_id,
        sku,
        product_name,
        category,
        list_price,
        unit_cost,
        currency_code,
        is_active,
        updated_at,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
