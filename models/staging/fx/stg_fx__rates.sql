with

source as (
    select * from {{ source('fx', 'rates') }}
),

renamed as (
    select
        'fx' as source_system,
        rate_on,
        base_currency_code,
        currency_code,
        rate,
        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
