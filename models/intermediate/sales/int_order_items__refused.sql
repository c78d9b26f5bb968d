with

judged as (
    select * from {{ ref('int_order_items__judged') }}
),

refused as (
    select
        source_system,
        order_item_id,
        order_id,
        refusal_reason,
        {{ rule_sentence('order_items') | indent(8) }} as refusal_sentence,
        source_file,
        source_position,
        batch_id,
        loaded_at
    from judged
    where refusal_reason is not null
)

select * from refused
