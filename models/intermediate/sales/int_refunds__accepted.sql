with

judged as (
    select * from {{ ref('int_refunds__judged') }}
),

accepted as (
    select * exclude (refusal_reason)
    from judged
    where refusal_reason is null
)

select * from accepted
