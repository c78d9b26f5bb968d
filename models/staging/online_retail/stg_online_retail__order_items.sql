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
        -- A line has no number. Its content is its id, so that no order of delivery changes it; exact copies share it.
        invoice_lines.source_system || ':' || {{ version_hash([
            'invoice_number', 'stock_code', 'invoice_lines.description', 'quantity', 'invoiced_at', 'unit_price',
            'customer_number', 'country_name',
        ]) }} as order_item_id,
        invoice_lines.source_system || ':' || invoice_lines.invoice_number as order_id,
        case {{ online_retail_order_kind('invoice_lines.invoice_number') }}
            when 'adjustment' then 'adjustment'
            -- A fee on a credit note gives nothing back to a customer.
            when 'cancellation' then coalesce(service_codes.credited_as, 'cancellation')
            else case
                when service_codes.sold_as is not null then service_codes.sold_as
                when invoice_lines.quantity > 0 and invoice_lines.unit_price > 0 then 'sale'
                -- Moves stock, not money: damages, losses, samples given away.
                else 'stock_write_off'
            end
        end as order_kind,
        coalesce(service_codes.line_kind, 'product') as line_kind,
        -- The shop writes some codes in two ways: 85123A and 85123a are one product.
        case
            when coalesce(service_codes.line_kind, 'product') = 'product'
                then invoice_lines.source_system || ':' || upper(trim(invoice_lines.stock_code))
        end as product_id,
        trim(invoice_lines.description) as description,
        invoice_lines.quantity,
        invoice_lines.unit_price,
        {{ not_delivered('order_items', ['line_amount']) }},
        invoice_lines.invoiced_at as updated_at,
        invoice_lines.loaded_at,
        invoice_lines.source_file,
        invoice_lines.source_position,
        invoice_lines.batch_id
    from invoice_lines
    left join service_codes
        on
            invoice_lines.source_system = service_codes.source_system
            and upper(trim(invoice_lines.stock_code)) like service_codes.code_pattern escape '\'
)

select * from reshaped
