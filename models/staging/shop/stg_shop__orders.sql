with

source as (
    select * from {{ source('shop', 'orders') }}
),

renamed as (
    select
        'shop' as source_system,
        'shop:' || order_id as order_id,
        'shop:' || customer_id as customer_id,
        -- The order system sells; what comes back is a refund, not an order.
        'sale' as order_kind,
        status as order_status,
        ordered_at,
        currency_code,
        ship_country_code,
        shipping_amount,
        discount_amount,
        voucher_code,
        channel,
        updated_at,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
