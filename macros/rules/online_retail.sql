{% macro online_retail_order_kind(invoice_number) -%}
    {#- What an invoice is, by the letter before its number. -#}
    case
        when {{ invoice_number }} like 'C%' then 'cancellation'
        when {{ invoice_number }} like 'A%' then 'adjustment'
        else 'sale'
    end
{%- endmacro %}
