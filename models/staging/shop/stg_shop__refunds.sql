with

source as (
    select * from {{ source('shop', 'refunds') }}
),

renamed as (
    select
        'shop' as source_system,
        'shop:' || refund_id as refund_id,
        'shop:' || order_id as order_id,
        amount,
        currency_code,
        reason,
        refunded_at,
        updated_at,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
