{% macro quarantined_entities() -%}
    {#-
        The entities that have business rules, and how a row of each is written down in quarantine: its key, what it belongs
        to, and its money. The money of an order is what stands on the order itself: shipping less discount.
    -#}
    {%- set none_at_all = 'cast(null as decimal(18, 4))' -%}
    {{ return([
        {'name': 'orders', 'key': 'order_id', 'parent': 'customer_id',
         'amount': 'shipping_amount - discount_amount', 'currency': 'currency_code'},
        {'name': 'order_items', 'key': 'order_item_id', 'parent': 'order_id',
         'amount': 'line_amount', 'currency': 'currency_code'},
        {'name': 'refunds', 'key': 'refund_id', 'parent': 'order_id', 'amount': 'amount', 'currency': 'currency_code'},
        {'name': 'payments', 'key': 'payment_id', 'parent': 'order_id', 'amount': 'amount', 'currency': 'currency_code'},
        {'name': 'disputes', 'key': 'dispute_id', 'parent': 'payment_id', 'amount': 'amount', 'currency': 'currency_code'},
        {'name': 'events', 'key': 'event_id', 'parent': 'order_id',
         'amount': none_at_all, 'currency': 'cast(null as varchar)'},
        {'name': 'rates', 'key': "currency_code || ':' || rate_on", 'parent': 'cast(null as varchar)',
         'amount': none_at_all, 'currency': 'currency_code'},
    ]) }}
{%- endmacro %}


{% macro all_refused_rows() -%}
    {#- What broke business rules, entity under entity, in one shape. A copy of an event that another displaces breaks none. -#}
    {%- for entity in sluice.quarantined_entities() %}
    select
        '{{ entity.name }}' as entity,
        source_system,
        {{ entity.key }} as row_key,
        {{ entity.parent }} as parent_key,
        refusal_reason as rule,
        {{ sluice.rule_sentence(entity.name) | indent(8) }} as reason,
        {{ sluice.may_be_waived(entity.name) | indent(8) }} as may_be_waived,
        {{ entity.amount }} as amount,
        {{ entity.currency }} as currency_code,
        batch_id,
        source_file,
        source_position,
        loaded_at
    from {{ ref('int_' ~ entity.name ~ '__judged') }}
    where refusal_reason is not null and refusal_reason <> 'duplicate'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
