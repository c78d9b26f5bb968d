{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

lines as (
    select * from {{ ref('int_order_items__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

final as (
    select
        order_item_id,
        order_id,
        source_system,
        order_kind,
        line_kind,
        order_kind = 'sale' and {{ is_owed('order_status') }} as is_revenue,
        ordered_at,
        cast(ordered_at as date) as ordered_on,
        customer_id,
        product_id,
        quantity,
        unit_price,
        line_amount,
        currency_code,
        line_amount_reporting,
        cast('{{ var("reporting_currency") }}' as varchar) as reporting_currency_code
    from lines
)

select * from final
