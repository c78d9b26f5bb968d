{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

order_items as (
    select * from {{ ref('int_order_items__screened') }}
    where {{ is_revised() }}
),

orders as (
    select * from {{ ref('int_orders__judged') }}
    where {{ is_revised() }}
),

accepted_orders as (
    select * from {{ ref('int_orders__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

-- Lines of an order that is refused for its lines alone are refused for their own reasons.
orders_of_accepted_lines as (
    select order_id from orders
    where coalesce(refusal_reason, 'all_lines_refused') = 'all_lines_refused'
),

products as (
    select product_id from {{ ref('int_products__latest') }}
),

order_level_kinds as (
    select unnest(['shipping', 'discount']) as line_kind
),

-- Shipping and discounts stand on the order; as lines, an order's lines add up to what the customer owes.
order_level_lines as (
    select
        accepted_orders.source_system,
        accepted_orders.order_id || ':' || order_level_kinds.line_kind as order_item_id,
        accepted_orders.order_id,
        accepted_orders.order_kind,
        order_level_kinds.line_kind,
        cast(null as varchar) as product_id,
        cast(null as varchar) as description,
        1 as quantity,
        case order_level_kinds.line_kind
            when 'shipping' then accepted_orders.shipping_amount
            else -accepted_orders.discount_amount
        end as unit_price,
        cast(null as decimal(18, 4)) as line_amount,
        1 as copy_number,
        cast(null as varchar) as refusal_reason,
        accepted_orders.updated_at,
        accepted_orders.loaded_at,
        accepted_orders.source_file,
        accepted_orders.source_position,
        accepted_orders.batch_id
    from accepted_orders
    cross join order_level_kinds
),

lines as (
    select
        source_system,
        order_item_id,
        order_id,
        order_kind,
        line_kind,
        product_id,
        description,
        quantity,
        coalesce(
            cast(line_amount / nullif(quantity, 0) as decimal(18, 4)), line_amount, unit_price
        ) as unit_price,
        line_amount,
        copy_number,
        refusal_reason,
        updated_at,
        loaded_at,
        source_file,
        source_position,
        batch_id
    from order_items
    union all
    select * from order_level_lines
    where unit_price <> 0
),

with_references as (
    select
        lines.* exclude (line_amount), -- noqa: RF02
        accepted_orders.order_status,
        accepted_orders.ordered_at,
        accepted_orders.customer_id,
        accepted_orders.currency_code,
        accepted_orders.currency_rate,
        accepted_orders.reporting_rate,
        coalesce(lines.order_id in (select orders.order_id from orders), false) as is_order_known,
        coalesce(
            lines.order_id in (select orders_of_accepted_lines.order_id from orders_of_accepted_lines), false
        ) as is_order_accepted,
        lines.product_id is null or products.product_id is not null as is_product_known,
        coalesce(lines.line_amount, cast(lines.quantity * lines.unit_price as decimal(18, 4))) as line_amount
    from lines
    left join accepted_orders on lines.order_id = accepted_orders.order_id
    left join products on lines.product_id = products.product_id
),

judged as (
    select
        * exclude (refusal_reason),
        {{ converted_amount('line_amount', 'currency_rate', 'reporting_rate') }} as line_amount_reporting,
        coalesce(
            refusal_reason,
            {{ first_broken_rule('order_items', 'copy') }},
            {{ first_broken_rule('order_items', 'reference') }}
        ) as refusal_reason
    from with_references
)

select * from judged
