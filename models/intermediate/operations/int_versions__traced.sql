{{ config(materialized='incremental', incremental_strategy='replace_slices') }}

{#- The entities of which one version of each key is kept: where, and what a row is worth. -#}
{%- set entities = {
    'customers': {'key': 'customer_id', 'kept_in': 'int_customers__latest'},
    'products': {'key': 'product_id', 'kept_in': 'int_products__latest'},
    'orders': {'key': 'order_id', 'kept_in': 'int_orders__screened', 'kept_where': 'refusal_reason is null',
               'amount': 'coalesce(delivered.shipping_amount, 0) - coalesce(delivered.discount_amount, 0)',
               'currency': 'delivered.currency_code'},
    'order_items': {'key': 'order_item_id', 'kept_in': 'int_order_items__screened',
                    'kept_where': 'refusal_reason is null and copy_number = 1',
                    'amount': 'coalesce(delivered.line_amount,'
                              ~ ' cast(delivered.quantity * delivered.unit_price as decimal(18, 4)))',
                    'currency': 'accepted_orders.currency_code'},
    'refunds': {'key': 'refund_id', 'kept_in': 'int_refunds__screened', 'kept_where': 'refusal_reason is null',
                'amount': 'delivered.amount', 'currency': 'delivered.currency_code'},
    'payments': {'key': 'payment_id', 'kept_in': 'int_payments__screened', 'kept_where': 'refusal_reason is null',
                 'amount': 'delivered.amount', 'currency': 'delivered.currency_code',
                 'time': 'created_at', 'older': '>='},
    'disputes': {'key': 'dispute_id', 'kept_in': 'int_disputes__screened', 'kept_where': 'refusal_reason is null',
                 'amount': 'delivered.amount', 'currency': 'delivered.currency_code',
                 'kept_is': "case when shown_disputes.dispute_id is null then 'older_version' else 'accepted' end"},
} %}

-- What became of every row of the raw tables, counted by slice. A row lost against the version that is kept if it is
-- not newer: then it is a duplicate where the content is equal, else an older version. A row that nothing explains has
-- no fate.
with

accepted_orders as (
    select
        order_id,
        currency_code
    from {{ ref('int_orders__judged') }}
    where refusal_reason is null
),

-- Of these the believed version is kept; what lies between that and the newest is an older version, too.
orders_that_went_back as (
    select
        order_id,
        max(updated_at) as updated_at
    from {{ ref('int_orders__screened') }}
    where refusal_reason in ({{ rules_of_scope('orders', 'history') }})
    group by order_id
),

-- Of a payment's disputes the newest is shown; those before it are older versions of the same quarrel.
shown_disputes as (
    select dispute_id from {{ ref('int_disputes__judged') }}
    where is_shown
),

traced as (
    {%- for entity, of in entities.items() %}
        {%- set time = of.get('time', 'updated_at') %}
        {%- set columns = [] %}
        {%- for column in var('common_columns')[entity] %}{% do columns.append('delivered.' ~ column) %}{% endfor %}
        select
            '{{ entity }}' as entity,
            delivered.source_system,
            delivered.batch_id,
            delivered.source_file,
            {{ slice_number('delivered') }} as slice_number,
            {{ of.get('currency', 'cast(null as varchar)') }} as currency_code,
            {{ of.get('amount', 'cast(0 as decimal(18, 4))') }} as amount,
            case
                when quarantine.status = 'open' then 'quarantined'
                when quarantine.status = 'corrected' then 'older_version'
                when quarantine.status is not null then quarantine.status
                when
                    kept.batch_id = delivered.batch_id
                    and kept.source_file = delivered.source_file
                    and kept.source_position = delivered.source_position
                    then {{ of.get('kept_is', "'accepted'") }}
                when
                    kept.{{ time }} = delivered.{{ time }}
                    and kept.version_hash = {{ version_hash(columns) }}
                    then 'duplicate'
                when delivered.{{ time }} is null or delivered.{{ time }} {{ of.get('older', '<=') }} kept.{{ time }}
                    then 'older_version'
                {%- if entity == 'orders' %}
                    when delivered.updated_at <= orders_that_went_back.updated_at then 'older_version'
                {%- endif %}
            end as fate
        from {{ ref('int_' ~ entity ~ '__delivered') }} as delivered {{ touched_slices(entity, 'delivered') }}
        left join {{ ref(of.kept_in) }} as kept
            on
                delivered.{{ of.key }} = kept.{{ of.key }}
                and {{ of.get('kept_where', 'true') }}
        left join {{ ref('int_quarantine__united') }} as quarantine
            on
                quarantine.entity = '{{ entity }}'
                and delivered.batch_id = quarantine.batch_id
                and delivered.source_file = quarantine.source_file
                and delivered.source_position = quarantine.source_position
        {%- if entity == 'orders' %}
            left join orders_that_went_back on delivered.order_id = orders_that_went_back.order_id
        {%- elif entity == 'order_items' %}
            left join accepted_orders on delivered.order_id = accepted_orders.order_id
        {%- elif entity == 'disputes' %}
            left join shown_disputes on delivered.dispute_id = shown_disputes.dispute_id
        {%- endif %}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        * exclude (amount),
        count(*) as row_count,
        sum(amount) as amount
    from traced
    group by all
)

select * from counted
