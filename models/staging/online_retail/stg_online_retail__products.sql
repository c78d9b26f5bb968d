-- The shop delivers no products: each line names one, so each line is a version of its product (not grouped, for the
-- reason given in stg_online_retail__customers). Lines of services are left out by the seed service_codes.
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
),

service_codes as (
    select * from {{ ref('service_codes') }}
),

reshaped as (
    select
        invoice_lines.source_system,
        -- The shop writes some codes in two ways: 85123A and 85123a are one product.
        invoice_lines.source_system || ':' || upper(trim(invoice_lines.stock_code)) as product_id,
        upper(trim(invoice_lines.stock_code)) as sku,
        -- A line without a price carries a note of the warehouse ('damages', '?') in place of the name.
        case when invoice_lines.unit_price > 0 then nullif(trim(invoice_lines.description), '') end as product_name,
        cast(null as varchar) as category,
        -- The price of a line depends on quantity and customer; there is no list price.
        cast(null as decimal(18, 4)) as list_price,
        cast(null as decimal(18, 4)) as unit_cost,
        'GBP' as currency_code,
        cast(null as boolean) as is_active,
        -- So a nameless version is older than any name, and counts only where there is none.
        case
            when invoice_lines.unit_price > 0 and nullif(trim(invoice_lines.description), '') is not null
                then invoice_lines.invoiced_at
            else timestamp '1970-01-01'
        end as updated_at,
        invoice_lines.loaded_at,
        invoice_lines.source_file,
        invoice_lines.source_position,
        invoice_lines.batch_id
    from invoice_lines
    left join service_codes
        on
            invoice_lines.source_system = service_codes.source_system
            and upper(trim(invoice_lines.stock_code)) like service_codes.code_pattern escape '\'
    where coalesce(service_codes.line_kind, 'product') = 'product'
)

select * from reshaped
