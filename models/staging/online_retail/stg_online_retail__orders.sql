-- The shop delivers no orders: each line repeats the head of its invoice, so each line is a version of it (not grouped,
-- for the reason given in stg_online_retail__customers).
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
),

country_names as (
    select * from {{ ref('country_names') }}
),

reshaped as (
    select
        invoice_lines.source_system,
        invoice_lines.source_system || ':' || invoice_lines.invoice_number as order_id,
        invoice_lines.source_system || ':' || invoice_lines.customer_number as customer_id,
        {{ online_retail_order_kind('invoice_lines.invoice_number') }} as order_kind,
        -- An invoice is written when the goods leave.
        'delivered' as order_status,
        -- 43 invoices have lines minutes apart, none on two days: the latest line dates the order.
        invoice_lines.invoiced_at as ordered_at,
        'GBP' as currency_code,
        country_names.country_code as ship_country_code,
        -- Postage and discounts are lines of their own.
        cast(0 as decimal(18, 4)) as shipping_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(null as varchar) as voucher_code,
        cast(null as varchar) as channel,
        invoice_lines.invoiced_at as updated_at,
        invoice_lines.loaded_at,
        invoice_lines.source_file,
        invoice_lines.source_position,
        invoice_lines.batch_id
    from invoice_lines
    left join country_names on invoice_lines.country_name = country_names.country_name
)

select * from reshaped
