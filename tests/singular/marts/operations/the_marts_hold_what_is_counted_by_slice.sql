-- rpt_rows_in_marts counts only the slices that a build touches. What a mart holds as a whole must be the sum of all
-- its slices: a row that leaves a mart, comes twice or changes by a cent without a delivery is a difference here.
-- The money of an order is in its own lines of shipping and discount.
{%- set own_lines = "(order_id || ':shipping', order_id || ':discount')" %}
{%- set parts = [
    {'entity': 'customers', 'mart': 'dim_customers'},
    {'entity': 'products', 'mart': 'dim_products'},
    {'entity': 'orders', 'mart': 'fct_orders'},
    {'entity': 'orders', 'mart': 'fct_order_items', 'rows': '0', 'amount': 'line_amount',
     'where': 'order_item_id in ' ~ own_lines},
    {'entity': 'order_items', 'mart': 'fct_order_items', 'amount': 'line_amount',
     'where': 'order_item_id not in ' ~ own_lines},
    {'entity': 'refunds', 'mart': 'fct_refunds', 'amount': 'refund_amount'},
    {'entity': 'payments', 'mart': 'fct_payments', 'amount': 'payment_amount'},
    {'entity': 'disputes', 'mart': 'fct_payments', 'amount': 'disputed_amount', 'where': 'disputed_at is not null'},
    {'entity': 'events', 'mart': 'fct_sessions', 'rows': 'sum(event_count)'},
] %}
with

counted as (
    select
        entity,
        cast(sum(row_count) as bigint) as row_count,
        sum(amount) as amount
    from {{ ref('rpt_rows_in_marts') }}
    where entity <> 'rates'
    group by entity
),

in_parts as (
    {%- for of in parts %}
        select
            '{{ of.entity }}' as entity,
            cast({{ of.get('rows', 'count(*)') }} as bigint) as row_count,
            cast(coalesce(sum({{ of.get('amount', '0') }}), 0) as decimal(38, 4)) as amount
        from {{ ref(of.mart) }}
        where
            source_system in ({{ literals(accounting_sources(of.entity)) }})
            and {{ of.get('where', 'true') }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

in_marts as (
    select
        entity,
        cast(coalesce(sum(row_count), 0) as bigint) as row_count,
        sum(amount) as amount
    from in_parts
    group by entity
),

differences as (
    select
        coalesce(counted.entity, in_marts.entity) as entity,
        coalesce(counted.row_count, 0) as counted_rows,
        coalesce(in_marts.row_count, 0) as rows_in_marts,
        coalesce(counted.amount, 0) as counted_amount,
        coalesce(in_marts.amount, 0) as amount_in_marts
    from counted
    full outer join in_marts on counted.entity = in_marts.entity
)

select * from differences
where counted_rows <> rows_in_marts or counted_amount <> amount_in_marts
