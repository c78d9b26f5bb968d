-- The shop delivers no customers: each line says who bought and from which country, so each line is a version of its
-- customer. Not grouped: int_customers__latest picks the newest version of every source by one rule, and an ungrouped
-- view lets it read only the lines that are new. Lines without a customer have nothing to say here.
with

invoice_lines as (
    select * from {{ ref('stg_online_retail__invoice_lines') }}
    where customer_number is not null
),

country_names as (
    select * from {{ ref('country_names') }}
),

reshaped as (
    select
        invoice_lines.source_system,
        invoice_lines.source_system || ':' || invoice_lines.customer_number as customer_id,
        cast(null as varchar) as email,
        cast(null as varchar) as full_name,
        country_names.country_code,
        cast(null as varchar) as city,
        cast(null as timestamp) as signed_up_at,
        cast(null as boolean) as accepts_marketing,
        invoice_lines.invoiced_at as updated_at,
        invoice_lines.loaded_at,
        invoice_lines.source_file,
        invoice_lines.source_position,
        invoice_lines.batch_id
    from invoice_lines
    left join country_names on invoice_lines.country_name = country_names.country_name
)

select * from reshaped
