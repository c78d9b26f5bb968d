with

source as (
    select * from {{ source('shop', 'customers') }}
),

renamed as (
    select
        'shop' as source_system,
        'shop:' || customer_id as customer_id,
        email,
        full_name,
        country_code,
        city,
        signed_up_at,
        accepts_marketing,
        updated_at,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
