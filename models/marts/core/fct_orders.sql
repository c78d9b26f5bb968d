{{ config(materialized='incremental', incremental_strategy='replace_orders') }}

with

orders as (
    select * from {{ ref('int_orders__judged') }}
    where refusal_reason is null and {{ is_revised() }}
),

order_items as (
    select * from {{ ref('fct_order_items') }}
    where {{ is_revised() }}
),

added_up as (
    select
        order_id,
        count(*) as line_count,
        sum(case when line_kind = 'product' then quantity else 0 end) as product_quantity,
        sum(case when line_kind not in ('shipping', 'discount') then line_amount else 0 end) as goods_amount,
        sum(case when line_kind = 'shipping' then line_amount else 0 end) as shipping_amount,
        -sum(case when line_kind = 'discount' then line_amount else 0 end) as discount_amount,
        sum(line_amount) as order_amount,
        sum(line_amount_reporting) as order_amount_reporting,
        case when min(order_kind) = max(order_kind) then min(order_kind) end as kind_of_all_lines
    from order_items
    group by order_id
),

-- An invoice whose lines all do another thing than it says, such as move stock or correct an account, does that.
named as (
    select
        orders.*,
        coalesce(added_up.kind_of_all_lines, orders.order_kind) as kind_of_order
    from orders
    left join added_up on orders.order_id = added_up.order_id
),

final as (
    select
        orders.order_id,
        orders.source_system,
        orders.kind_of_order as order_kind,
        orders.order_status,
        orders.kind_of_order = 'sale' and {{ is_owed('orders.order_status') }} as is_revenue,
        orders.ordered_at,
        orders.ordered_on,
        orders.customer_id,
        orders.channel,
        orders.ship_country_code,
        orders.voucher_code,
        orders.currency_code,
        coalesce(added_up.line_count, 0) as line_count,
        cast(coalesce(added_up.product_quantity, 0) as bigint) as product_quantity,
        cast(coalesce(added_up.goods_amount, 0) as decimal(18, 4)) as goods_amount,
        cast(coalesce(added_up.shipping_amount, 0) as decimal(18, 4)) as shipping_amount,
        cast(coalesce(added_up.discount_amount, 0) as decimal(18, 4)) as discount_amount,
        cast(coalesce(added_up.order_amount, 0) as decimal(18, 4)) as order_amount,
        -- An order without lines amounts to nothing in any currency; otherwise null where no rate is known.
        cast(
            case when added_up.order_id is null then 0 else added_up.order_amount_reporting end as decimal(18, 4)
        ) as order_amount_reporting
    from named as orders
    left join added_up on orders.order_id = added_up.order_id
)

select * from final
