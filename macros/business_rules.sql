{#-
    The rules that a row must keep to count, by entity, in the order in which they are tried: the first broken one is
    the reason. scope `row` needs nothing but the row and is tried on every delivered version, so that a broken version
    never replaces a good one; scope `reference` looks at other tables and is tried again on every build, so that a row
    is accepted once what it refers to has come. The columns that a condition uses (is_currency_known, is_order_known)
    are joined by int_<entity>__screened and int_<entity>__judged. broken_when must give true or false, never null.
-#}
{% macro business_rules(entity) -%}
    {%- set future = "(loaded_at + interval 1 day)" -%}
    {%- set currency_sentence = 'The currency is not in the list of currencies.' -%}
    {%- set references_order = [
        {'rule': 'unknown_order', 'scope': 'reference', 'broken_when': 'not is_order_known',
         'sentence': 'No such order has been delivered.'},
        {'rule': 'refused_order', 'scope': 'reference', 'broken_when': 'not is_order_accepted',
         'sentence': 'The order it belongs to was refused.'},
    ] -%}
    {%- set rules = {
        'orders': [
            {'rule': 'future_time', 'scope': 'row', 'broken_when': 'ordered_at > ' ~ future,
             'sentence': 'The order was placed more than a day after it was loaded.'},
            {'rule': 'unknown_currency', 'scope': 'row', 'broken_when': 'not is_currency_known', 'sentence': currency_sentence},
            {'rule': 'unknown_customer', 'scope': 'reference', 'broken_when': 'not is_customer_known',
             'sentence': 'It names a customer that has not been delivered; an order without a customer is allowed.'},
        ],
        'order_items': [
            {'rule': 'negative_price', 'scope': 'row',
             'broken_when': "unit_price < 0 and order_kind <> 'adjustment'",
             'sentence': 'The price is negative and the line is no adjustment.'},
            {'rule': 'zero_quantity', 'scope': 'row', 'broken_when': 'quantity = 0', 'sentence': 'The line has no pieces.'},
            {'rule': 'exact_duplicate', 'scope': 'copy', 'broken_when': 'copy_number > 1',
             'sentence': 'The same line stands earlier in the same delivery, every column equal.'},
        ] + references_order + [
            {'rule': 'unknown_product', 'scope': 'reference', 'broken_when': 'not is_product_known',
             'sentence': 'It names a product that has not been delivered.'},
        ],
        'refunds': [
            {'rule': 'future_time', 'scope': 'row', 'broken_when': 'refunded_at > ' ~ future,
             'sentence': 'The refund was granted more than a day after it was loaded.'},
            {'rule': 'negative_amount', 'scope': 'row', 'broken_when': 'amount < 0', 'sentence': 'The amount is negative.'},
            {'rule': 'unknown_currency', 'scope': 'row', 'broken_when': 'not is_currency_known', 'sentence': currency_sentence},
        ] + references_order,
        'payments': [
            {'rule': 'future_time', 'scope': 'row', 'broken_when': 'created_at > ' ~ future,
             'sentence': 'The payment was made more than a day after it was loaded.'},
            {'rule': 'negative_amount', 'scope': 'row', 'broken_when': 'amount < 0', 'sentence': 'The amount is negative.'},
            {'rule': 'unknown_currency', 'scope': 'row', 'broken_when': 'not is_currency_known', 'sentence': currency_sentence},
        ] + references_order,
        'events': [
            {'rule': 'future_time', 'scope': 'row', 'broken_when': 'occurred_at > ' ~ future,
             'sentence': 'The event happened more than a day after it was loaded.'},
        ],
    } -%}
    {{ return(rules[entity]) }}
{%- endmacro %}


{#- case expression: name of the first rule of the given scope that the row breaks, else null. -#}
{% macro first_broken_rule(entity, scope) -%}
    case
        {%- for rule in sluice.business_rules(entity) if rule.scope == scope %}
        when {{ rule.broken_when }} then '{{ rule.rule }}'
        {%- else %}
        when false then ''
        {%- endfor %}
    end
{%- endmacro %}


{#- case expression: what the rule named in `column` says. -#}
{% macro rule_sentence(entity, column='refusal_reason') -%}
    case {{ column }}
        {%- for rule in sluice.business_rules(entity) %}
        when '{{ rule.rule }}' then '{{ rule.sentence }}'
        {%- endfor %}
    end
{%- endmacro %}


{#- Whether the customer owes what an order of this status amounts to. A status that is not known counts as owed. -#}
{% macro is_owed(order_status) -%}
    coalesce({{ order_status }}, '') not in ('cancelled', 'payment_failed')
{%- endmacro %}
