with

source as (
    select * from {{ source('shop', 'order_items') }}
),

renamed as (
    select
        'shop' as source_system,
        'shop:' || order_item_id as order_item_id,
        'shop:' || order_id as order_id,
        'sale' as order_kind,
        -- Shipping and discounts stand on the order, so every line is a product.
        'product' as line_kind,
        'shop:' || product_id as product_id,
        cast(null as varchar) as description,
        quantity,
        unit_price,
        {{ not_delivered('order_items', ['line_amount']) }},
        updated_at,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
