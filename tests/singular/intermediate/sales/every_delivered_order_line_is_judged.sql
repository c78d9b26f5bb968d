-- No line gets lost between staging and the verdict, whatever order the feeds came in.
with

delivered as (
    select * from {{ ref('int_order_items__delivered') }}
)

select distinct delivered.order_item_id
from delivered
left join {{ ref('int_order_items__judged') }} as judged on delivered.order_item_id = judged.order_item_id
where judged.order_item_id is null
