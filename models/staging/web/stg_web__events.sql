with

source as (
    select * from {{ source('web', 'events') }}
),

renamed as (
    select
        -- the site knows customers, products and orders by the shop's numbers
        'web' as source_system,
        'web:' || event_id as event_id,
        'web:' || visitor_id as visitor_id,
        'shop:' || cast(customer_id as varchar) as customer_id,
        'shop:' || cast(product_id as varchar) as product_id,
        'shop:' || cast(order_id as varchar) as order_id,

        type as event_type,
        page.path as page_path,
        page.referrer,
        device.kind as device_kind,
        device.os as device_os,
        country_code,
        campaign,

        occurred_at,

        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
