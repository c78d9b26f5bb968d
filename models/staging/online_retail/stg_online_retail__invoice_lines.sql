with

source as (
    select * from {{ source('online_retail', 'invoice_lines') }}
),

renamed as (
    select
        'online_retail' as source_system,
        invoiceno as invoice_number,
        stockcode as stock_code,
        -- Exported from a column of floats: 17850.0
        regexp_replace(customerid, '\.0$', '') as customer_number,
        description,
        country as country_name,

        quantity,
        unitprice as unit_price,

        -- The export names no zone: taken as UTC, so a day here is a day of the shop's own calendar.
        invoicedate as invoiced_at,

        _loaded_at as loaded_at,
        _file as source_file,
        _position as source_position,
        _batch_id as batch_id
    from source
)

select * from renamed
