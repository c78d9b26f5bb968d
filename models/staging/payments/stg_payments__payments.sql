with

source as (
    select * from {{ source('payments', 'transactions') }}
),

renamed as (
    select
        'payments' as source_system,
        'payments:' || source.transaction_id as payment_id,
        -- The processor knows the order by its number in the shop.
        'shop:' || source.order_id as order_id,
        source.type as payment_type,
        source.amount.value as amount,
        source.amount.currency as currency_code,
        source.card.fingerprint as card_fingerprint,
        source.card.brand as card_brand,
        source.card.bin as card_bin,
        source.card.issuer_country as issuer_country_code,
        source.ip_country as ip_country_code,
        source.response_code,
        -- The customer's number is the shop's, too.
        'shop:' || source.buyer.customer_id as customer_id,
        source.buyer.device as device_id,
        source.created_at,
        source._loaded_at as loaded_at,
        source._file as source_file,
        source._position as source_position,
        source._batch_id as batch_id
    from source
)

select * from renamed
