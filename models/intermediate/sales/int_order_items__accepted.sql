with

judged as (
    select * from {{ ref('int_order_items__judged') }}
),

accepted as (
    select * exclude (refusal_reason)
    from judged
    where refusal_reason is null
)

select * from accepted
