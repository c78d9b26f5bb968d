{#- The columns in which every source's staging folder ends, by entity: the one place where they are listed. -#}
{% macro common_columns(entity) -%}
    {%- set of = {
        'customers': 'customer_id varchar, email varchar, full_name varchar, country_code varchar, city varchar,'
            ~ 'signed_up_at timestamp, accepts_marketing boolean, updated_at timestamp',
        'products': 'product_id varchar, sku varchar, product_name varchar, category varchar, list_price decimal(18;4),'
            ~ 'unit_cost decimal(18;4), currency_code varchar, is_active boolean, updated_at timestamp',
        'orders': 'order_id varchar, customer_id varchar, order_kind varchar, order_status varchar, ordered_at timestamp,'
            ~ 'currency_code varchar, ship_country_code varchar, shipping_amount decimal(18;4),'
            ~ 'discount_amount decimal(18;4), voucher_code varchar, channel varchar, updated_at timestamp',
        'order_items': 'order_item_id varchar, order_id varchar, order_kind varchar, line_kind varchar,'
            ~ 'product_id varchar, description varchar, quantity integer, unit_price decimal(18;4), updated_at timestamp',
        'refunds': 'refund_id varchar, order_id varchar, amount decimal(18;4), currency_code varchar, reason varchar,'
            ~ 'refunded_at timestamp, updated_at timestamp',
        'payments': 'payment_id varchar, order_id varchar, payment_type varchar, amount decimal(18;4),'
            ~ 'currency_code varchar, card_fingerprint varchar, card_brand varchar, card_bin varchar,'
            ~ 'issuer_country_code varchar, ip_country_code varchar, response_code varchar, created_at timestamp',
        'disputes': 'dispute_id varchar, payment_id varchar, reason varchar, dispute_status varchar,'
            ~ 'amount decimal(18;4), currency_code varchar, opened_at timestamp, updated_at timestamp',
        'events': 'event_id varchar, visitor_id varchar, customer_id varchar, event_type varchar, occurred_at timestamp,'
            ~ 'page_path varchar, referrer varchar, product_id varchar, order_id varchar, device_kind varchar,'
            ~ 'device_os varchar, country_code varchar, campaign varchar',
        'rates': 'rate_on date, base_currency_code varchar, currency_code varchar, rate decimal(18;8)',
    } -%}
    {%- if entity not in of -%}
        {{ exceptions.raise_compiler_error('No common columns for ' ~ entity ~ '; there are: ' ~ of.keys() | join(', ')) }}
    {%- endif -%}
    {%- set lineage = 'loaded_at timestamp, source_file varchar, source_position bigint, batch_id varchar' -%}
    {%- set columns = [] -%}
    {%- for column in ('source_system varchar,' ~ of[entity] ~ ',' ~ lineage).split(',') -%}
        {%- set name, type = column.strip().split(' ') -%}
        {%- do columns.append({'name': name, 'type': type | replace(';', ', ')}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{#- Names of the columns that say what a row is, without where it came from. -#}
{% macro content_columns(entity) -%}
    {%- set lineage = ['loaded_at', 'source_file', 'source_position', 'batch_id'] -%}
    {{ return(sluice.common_columns(entity) | map(attribute='name') | reject('in', lineage) | list) }}
{%- endmacro %}


{#- Fingerprint of a row's content: breaks ties between versions in a way that no order of delivery can change. -#}
{% macro version_hash(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as varchar), '~') || '|' {{- ' ||' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
