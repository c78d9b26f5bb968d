{% macro is_revised() -%}
    {#-
        Condition for a model that works by order: the orders that anything happened to since the last whole build. All
        orders where the model was not part of that build, or where there was none.
    -#}
    {%- set revised = ref('int_orders__revised') -%}
    {%- if is_incremental() and sluice.last_build(this.identifier) -%}
    order_id in (select order_id from {{ revised }})
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}


{% macro get_incremental_replace_orders_sql(arg_dict) -%}
    {#- incremental_strategy: all rows of a revised order go, what the model made of it now comes; so vanished lines vanish. -#}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    delete from {{ arg_dict['target_relation'] }} where {{ sluice.is_revised() }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{%- endmacro %}
